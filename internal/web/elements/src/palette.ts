import type { Keys } from "./keys";
import { Piece, dialog, fresh, go, h, ours, plural, t } from "./base";

interface Item {
  title: string;
  hint?: string;
  url: string;
  group?: string;
}

interface Match {
  item: Item;
  score: number;
  at: number[]; // places in the title
}

const SHOWN = 50;
const KEYS = "#assay-keys"; // the list of shortcuts, found also where single keys are switched off

/** <assay-palette src>: go to anything by a few of its letters. The items come once, when first asked for; without src they are the links of the navigation. */
export class Palette extends Piece {
  #items: Promise<Item[]> | undefined;
  #failed = false;

  protected override start(signal: AbortSignal): void {
    document.addEventListener("keydown", (e) => {
      if (e.key.toLowerCase() !== "k" || !(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey) return;
      e.preventDefault();
      if (!document.querySelector("dialog[open]")) this.open();
    }, { signal });
    this.addEventListener("click", (e) => {
      if (!(e.target instanceof Element) || !e.target.closest("a, button") || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      this.open();
    }, { signal });
  }

  async #load(): Promise<Item[]> {
    const links = [...document.querySelectorAll<HTMLAnchorElement>("nav a[href]")].map((a) => ({ title: a.textContent?.trim() ?? "", url: a.href, group: t("Pages") }));
    const src = this.getAttribute("src");
    let items: Item[] = [];
    if (src) {
      try {
        const r = await fetch(src, { credentials: "same-origin", headers: { Accept: "application/json" } });
        if (!r.ok) throw new Error(r.statusText);
        const got = (await r.json()) as Item[] | { items: Item[] };
        items = Array.isArray(got) ? got : got.items;
        this.#failed = false;
      } catch {
        this.#failed = true;
        this.#items = undefined; // asked again at the next opening
      }
    }
    if (document.querySelector("assay-keys")) links.push({ title: t("Keyboard"), url: KEYS, group: t("Pages") });
    const seen = new Set<string>();
    return [...items, ...links].filter((i) => {
      const to = ours(i.url);
      return i.title && to && !seen.has(to) && seen.add(to);
    });
  }

  open(): void {
    const list = h("ul", { role: "listbox", id: fresh(), "aria-label": t("Results") });
    const field = h("input", {
      type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": list.id, "aria-autocomplete": "list", "aria-label": t("Go to anything"),
      autocomplete: "off", spellcheck: "false", placeholder: t("Type a few letters"),
    });
    const said = h("p", { class: "as-said", role: "status" }, t("Loading the list …"));
    const box = dialog(t("Go to anything"), "as-palette", field, list, said);
    field.focus();
    let found: Match[] = [];
    let at = 0;
    const mark = (to: number) => {
      const options = list.children;
      options[at]?.setAttribute("aria-selected", "false");
      at = found.length ? (to + found.length) % found.length : 0;
      const option = options[at];
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) field.setAttribute("aria-activedescendant", option.id);
      else field.removeAttribute("aria-activedescendant");
    };
    const show = (items: Item[]) => {
      found = search(items, field.value);
      list.replaceChildren(...found.map(draw));
      mark(0);
      const trouble = this.#failed ? t("The full list cannot be loaded now; these are the pages of the menu.") + " " : "";
      said.textContent = trouble + (found.length ? plural(found.length, "{n} result", "{n} results") : t("Nothing matches. Try fewer letters."));
    };
    const choose = (i: number) => {
      const match = found[i];
      if (!match) return;
      box.close();
      if (match.item.url === KEYS) document.querySelector<Keys>("assay-keys")?.open();
      else go(match.item.url);
    };
    this.#items ??= this.#load();
    const items = this.#items;
    void items.then((all) => {
      show(all);
      field.addEventListener("input", () => show(all));
    });
    field.addEventListener("keydown", (e) => {
      const move: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(found.length - 1, at + 8), PageUp: Math.max(0, at - 8) };
      const to = move[e.key];
      if (e.isComposing || to === undefined && e.key !== "Enter") return;
      e.preventDefault();
      if (to === undefined) choose(at);
      else mark(to);
    });
    list.addEventListener("click", (e) => {
      const option = e.target instanceof Element ? e.target.closest("[role=option]") : null;
      if (option) choose([...list.children].indexOf(option));
    });
    list.addEventListener("pointermove", (e) => {
      const option = e.target instanceof Element ? e.target.closest("[role=option]") : null;
      const to = option ? [...list.children].indexOf(option) : -1;
      if (to >= 0 && to !== at) mark(to);
    });
  }
}

function draw(m: Match): HTMLLIElement {
  const title = h("span", { class: "as-title" });
  [...m.item.title].forEach((c, i) => title.append(m.at.includes(i) ? h("mark", {}, c) : c));
  title.normalize();
  return h("li", { role: "option", id: fresh(), "aria-selected": "false" }, title, " ",
    h("span", { class: "as-hint" }, m.item.hint ?? ""), " ", h("span", { class: "as-group" }, m.item.group ?? ""));
}

/** The best matches first; without a query all as they came. */
export function search(items: Item[], query: string): Match[] {
  const q = query.trim().toLowerCase();
  if (!q) return items.slice(0, SHOWN).map((item) => ({ item, score: 0, at: [] }));
  const found: Match[] = [];
  for (const item of items) {
    const title = fuzzy(item.title, q);
    const rest = title ? null : fuzzy(`${item.title} ${item.hint ?? ""} ${item.group ?? ""}`, q);
    if (title) found.push({ item, ...title });
    else if (rest) found.push({ item, score: rest.score / 2 - 10, at: [] });
  }
  return found.sort((a, b) => b.score - a.score).slice(0, SHOWN);
}

/** The letters of q in order, from the start or where they stand together, whichever counts more. */
function fuzzy(text: string, q: string): { score: number; at: number[] } | null {
  const letters = [...text.toLowerCase()];
  const straight = [...text.toLowerCase().split(q, 1).join("")].length;
  const first = walk(letters, q, 0), second = straight < letters.length ? walk(letters, q, straight) : null;
  return first && second && second.score > first.score ? second : first;
}

/** Letters that begin a word or stand together count more, gaps less. */
function walk(letters: string[], q: string, from: number): { score: number; at: number[] } | null {
  const at: number[] = [];
  let score = 0;
  for (const c of q) {
    if (c === " " && letters[from] !== " ") continue;
    const i = letters.indexOf(c, from);
    if (i < 0) return null;
    score += i === 0 ? 12 : /[\s\-_./:]/.test(letters[i - 1] ?? "") ? 10 : i === from && at.length ? 8 : 1 - Math.min(3, (i - from) / 4);
    at.push(i);
    from = i + 1;
  }
  return { score: score - letters.length / 50, at };
}
