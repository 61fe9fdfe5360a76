package outbound

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxChat is where chat systems begin to cut messages, in characters.
const maxChat = 4000

// Slack gives the payload of a message for Slack and for systems that take the same: Mattermost,
// Rocket.Chat, Discord's /slack. The text is shown as it stands: &, < and > are escaped as Slack
// asks for, which leaves no <!channel> and no <https://a|b>, and an @ that would call people, as
// those other systems read it, is parted from its name by an invisible character. Previews are off,
// or the chat's servers would fetch what is linked.
func Slack(text string) []byte {
	text = readable(text)
	if utf8.RuneCountInString(text) > maxChat {
		text = string([]rune(text)[:maxChat-1]) + "\u2026"
	}
	text = escape.Replace(quiet(text))
	b, err := json.Marshal(struct {
		Text    string `json:"text"`
		Markup  bool   `json:"mrkdwn"`
		Links   bool   `json:"link_names"`
		Unfurl  bool   `json:"unfurl_links"`
		Preview bool   `json:"unfurl_media"`
	}{Text: text})
	if err != nil {
		panic(err) // a string and four booleans
	}
	return b
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// quiet parts each @ from what follows, except inside an address such as ann@example.com. The names
// that call everybody are parted there too: a@here calls in systems that look for the word alone.
func quiet(text string) string {
	var b strings.Builder
	before := ' '
	for i, r := range text {
		b.WriteRune(r)
		if (r == '@' || r == '\uff20') && (!word(before) || everybody(text[i+utf8.RuneLen(r):])) {
			b.WriteRune('\u2060') // word joiner: no width and no break
		}
		before = r
	}
	return b.String()
}

func word(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._%+-", r)
}

func everybody(rest string) bool {
	for _, name := range []string{"channel", "here", "everyone", "all", "group"} {
		if len(rest) < len(name) || !strings.EqualFold(rest[:len(name)], name) {
			continue
		}
		next, _ := utf8.DecodeRuneInString(rest[len(name):])
		if len(rest) == len(name) || !unicode.IsLetter(next) && !unicode.IsDigit(next) {
			return true
		}
	}
	return false
}

// readable keeps what a person can read: valid text without control characters, except line ends
// and tabs, and without the marks that make text show in another order than it stands.
func readable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
