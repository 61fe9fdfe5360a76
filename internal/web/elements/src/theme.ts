import { Piece, h, keep, local, ours, post, recall, t } from "./base";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const KEY = "assay-theme";
const known = (s: unknown): Theme => THEMES.find((x) => x === s) ?? "system";

function wear(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Puts on what this browser was told; the server's word, where it has one, goes first. */
export function wearKept(): void {
  if (!document.documentElement.dataset.theme) wear(known(recall<string>(local, KEY)));
}

/**
 * <assay-theme>: a button that goes round system, light and dark. Around a form (signed in) it is posted and kept by the server,
 * as theme=NAME; without one this browser keeps it.
 */
export class ThemeSwitch extends Piece {
  protected override start(signal: AbortSignal): void {
    const form = this.querySelector("form");
    const at = form && ours(form.getAttribute("action"));
    const b = form?.querySelector<HTMLButtonElement>("button") ?? this.add(h("button", { type: "button", class: "as-button as-quiet" }));
    const said = this.add(h("span", { class: "visually-hidden", role: "status" }));
    let theme = known(document.documentElement.dataset.theme);
    const names: Record<Theme, string> = { system: t("Theme: as the system"), light: t("Theme: light"), dark: t("Theme: dark") };
    const show = () => {
      const following = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
      b.value = following;
      b.name = "theme";
      b.textContent = names[theme];
      b.title = names[following];
    };
    b.addEventListener("click", (e) => {
      e.preventDefault();
      theme = known(b.value);
      wear(theme);
      show();
      said.textContent = names[theme];
      keep(local, KEY, at || theme === "system" ? undefined : theme);
      if (at) post(at, new URLSearchParams({ theme })).catch(() => undefined); // worn already; kept at the next press
    }, { signal });
    show();
  }
}
