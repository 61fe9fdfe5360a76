import { Piece, dialog, h, keep, local, recall, t, typing } from "./base";

const ROWS = "[data-rows] > tr, [data-rows] > li";
const OFF = "assay-keys-off";
const PATIENCE = 1200; // ms between the keys of a sequence

/**
 * <assay-keys>: the keyboard map. Shortcuts of one character can be switched off in the dialog (WCAG 2.2, 2.1.4).
 * A link or button inside it opens the dialog, so that it is found without knowing the key.
 */
export class Keys extends Piece {
  #typed: string[] = [];
  #timer = 0;

  protected override start(signal: AbortSignal): void {
    document.addEventListener("keydown", (e) => this.#press(e), { signal });
    this.addEventListener("click", (e) => {
      if (!(e.target instanceof Element) || !e.target.closest("a, button")) return;
      e.preventDefault();
      this.open();
    }, { signal });
  }

  #press(e: KeyboardEvent): void {
    if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.key.length > 1 && e.key !== "Enter") return;
    if (typing(e.target) || document.querySelector("dialog[open]") || recall<boolean>(local, OFF)) {
      this.#typed = [];
      return;
    }
    const row = e.target instanceof Element && e.target.matches(ROWS) ? e.target : null;
    if (e.key === "Enter") {
      row?.querySelector<HTMLElement>("a[href]")?.click();
      return;
    }
    if (this.#sequence(e.key) || this.#plain(e.key)) e.preventDefault();
  }

  /** Reports whether the key ends or goes on with a sequence that something on the page answers to. */
  #sequence(key: string): boolean {
    clearTimeout(this.#timer);
    for (const typed of this.#typed.length ? [[...this.#typed, key], [key]] : [[key]]) {
      const text = typed.join(" ");
      const found = [...document.querySelectorAll<HTMLElement>("[data-key]")].filter((x) => !x.matches(":disabled, [aria-disabled=true]"));
      const hits = found.filter((x) => x.dataset.key === text); // a menu may stand twice, for narrow and for wide
      const hit = hits.find((x) => x.checkVisibility()) ?? hits[0];
      if (hit) {
        this.#typed = [];
        hit.focus();
        if (!typing(hit)) hit.click();
        return true;
      }
      if (found.some((x) => x.dataset.key?.startsWith(text + " "))) {
        this.#typed = typed;
        this.#timer = setTimeout(() => (this.#typed = []), PATIENCE);
        return true;
      }
    }
    this.#typed = [];
    return false;
  }

  #plain(key: string): boolean {
    if (key === "?") {
      this.open();
    } else if (key === "/") {
      const field = document.querySelector<HTMLElement>("[data-search]");
      field?.focus();
      if (field instanceof HTMLInputElement) field.select();
      return field !== null;
    } else if (key === "j" || key === "k") {
      return this.#move(key === "j" ? 1 : -1);
    } else {
      return false;
    }
    return true;
  }

  #move(by: number): boolean {
    const rows = [...document.querySelectorAll<HTMLElement>(ROWS)].filter((r) => !r.hidden);
    const here = rows.findIndex((r) => r.contains(document.activeElement));
    const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by))];
    if (!next) return false;
    if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
    next.focus();
    return true;
  }

  /** Shows every shortcut that works on this page. */
  open(): void {
    const lists: Node[] = [];
    const list = (title: string, entries: [string, string][]) => {
      if (entries.length === 0) return;
      lists.push(h("h3", {}, title), h("dl", { class: "as-keys" }, ...entries.map(([keys, label]) => h("div", {}, h("dt", {}, ...caps(keys)), h("dd", {}, label)))));
    };
    const here = new Map([...document.querySelectorAll<HTMLElement>("[data-key][data-key-label]")].map((x) => [x.dataset.key ?? "", x.dataset.keyLabel ?? ""]));
    here.delete("");
    list(t("On this page"), [...here]);
    if (document.querySelector("assay-grid")) {
      list(t("In the review"), [
        ["y", t("Keep")], ["n", t("Remove")], ["u", t("Undo the last decision")], ["↑ ↓", t("Next or previous row")], ["Home End", t("First or last row")],
        ["Space", t("Select the row")], ["Shift+↑ Shift+↓", t("Select several rows")],
      ]);
    }
    if (document.querySelector("assay-marks")) {
      list(t("On the work paper"), [
        ["p", t("Pass")], ["d", t("Deviation")], ["n", t("Not applicable")], ["u", t("Undecided")], ["w", t("Say why")], ["j k", t("Next or previous item")],
        ["1 9", t("Attribute by its place; by a capital letter too")], ["Enter", t("Keep the item and go on")],
      ]);
    }
    const everywhere: [string, string][] = [["?", t("This list")]];
    if (document.querySelector("assay-palette")) everywhere.push(["Ctrl+K", t("Go to anything")]);
    if (document.querySelector("[data-search]")) everywhere.push(["/", t("Search")]);
    if (document.querySelector(ROWS)) everywhere.push(["j k", t("Next or previous row")], ["Enter", t("Open the row")]);
    everywhere.push(["Esc", t("Close")]);
    list(t("Everywhere"), everywhere);
    const on = h("input", { type: "checkbox", checked: !recall<boolean>(local, OFF) });
    on.addEventListener("change", () => keep(local, OFF, on.checked ? undefined : true));
    dialog(t("Keyboard"), "as-keyboard", ...lists, h("label", { class: "as-check" }, on, t("Shortcuts of a single key are on")));
  }
}

/** Draws "g h" as two keys and "Shift+x" as one. */
function caps(keys: string): Node[] {
  return keys.split(" ").flatMap((k, i) => (i ? [document.createTextNode(" "), h("kbd", {}, k)] : [h("kbd", {}, k)]));
}
