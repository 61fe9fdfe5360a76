package account

import (
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
)

// cache holds what requests ask again and again: sessions, tokens, roles. Whatever ends or changes one drops all of that person,
// and what was being read meanwhile is not kept, so that an end holds from the moment at which it returns.
type cache struct{ *entries }

type entries struct {
	mu    sync.Mutex
	most  int
	drops uint64
	held  map[string]*entry
	of    map[id.Person]map[string]bool
}

type entry struct {
	person  access.Person
	session access.Session
	token   access.Token
	roles   []access.Role
	seen    time.Time // last use
	written time.Time // the last use that the store knows
}

func newCache(most int) cache {
	return cache{&entries{most: most, held: map[string]*entry{}, of: map[id.Person]map[string]bool{}}}
}

// get gives a copy and, when it is not there, the number that put wants back.
func (c *entries) get(key string) (entry, bool, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.held[key]; ok {
		return *e, true, c.drops
	}
	return entry{}, false, c.drops
}

// put keeps what was read since the number was given, unless something was dropped meanwhile.
func (c *entries) put(key string, p id.Person, e entry, since uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != since {
		return
	}
	if len(c.held) >= c.most { // crude, and bounded
		clear(c.held)
		clear(c.of)
	}
	c.held[key] = &e
	if c.of[p] == nil {
		c.of[p] = map[string]bool{}
	}
	c.of[p][key] = true
}

// touch says that an entry was used, and whether the store is to be told: once a minute at most.
func (c *entries) touch(key string, now time.Time) (tell bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.held[key]
	if !ok {
		return false
	}
	if now.After(e.seen) {
		e.seen = now
	}
	if now.Sub(e.written) >= time.Minute {
		e.written = now
		return true
	}
	return false
}

// drop forgets all about a person.
func (c *entries) drop(p id.Person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	for key := range c.of[p] {
		delete(c.held, key)
	}
	delete(c.of, p)
}
