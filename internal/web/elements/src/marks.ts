import { Piece, button, h, ours, plural, post, reason, t, unreachable } from "./base";
import { harmless } from "./write";

const LETTERS = "pdnu";
const PAGE = 20; // items that Page Up and Page Down go

interface Row {
  tr: HTMLTableRowElement;
  key: string;
  marks: HTMLInputElement[]; // one per attribute
  why: HTMLInputElement | null;
  kept: string; // what the server has
}

/**
 * <assay-marks data-item> around the form of a work paper: a row an item, a cell an attribute, and beside them the client's item, which is
 * loaded as rows are gone through. j and k go to another item, 1 to 9 or a capital letter to an attribute, p d n u mark it, Enter
 * keeps the item and goes on. A row is posted when it is left; one that the server refuses says why and stays as it was typed.
 */
export class Marks extends Piece {
  #form!: HTMLFormElement;
  #pane: HTMLElement | null = null;
  #rows: Row[] = [];
  #at = 0;
  #col = 0;
  #shown = "";
  #queue: Row[] = [];
  #busy = false;
  #sent = new Map<Row, string>(); // what is on its way
  #look?: AbortController;
  #timer = 0;
  #count!: HTMLElement;
  #faults!: HTMLElement;

  protected override start(signal: AbortSignal): void {
    const form = this.querySelector<HTMLFormElement>("form.engage-marks"), body = form?.querySelector("tbody");
    if (!form || !body) return;
    this.#form = form;
    this.#pane = this.querySelector(".engage-item");
    this.#rows = [...body.rows].filter((r) => r.dataset.key).map((tr) => {
      const row: Row = { tr, key: tr.dataset.key ?? "", marks: [...tr.querySelectorAll<HTMLInputElement>('input[name^="mark."]')], why: tr.querySelector('input[name^="why."]'), kept: "" };
      row.kept = said(row);
      for (const i of tr.querySelectorAll<HTMLElement>("input, a")) i.tabIndex = -1;
      for (const i of row.marks) draw(i);
      return row;
    });
    if (this.#rows.length === 0) return;
    this.#shown = this.#rows[0]?.key ?? "";
    this.#count = h("p", { class: "as-count", role: "status" });
    this.#faults = h("div", { class: "as-faults", role: "alert" });
    const help = h("p", { class: "as-help" }, t("j and k change the item, 1 to 9 the attribute; p d n u mark it, w says why, Enter keeps the item and goes on."));
    const bar = h("div", { class: "as-grid-bar as-marks-bar" }, this.#count, help);
    form.prepend(bar, this.#faults);
    signal.addEventListener("abort", () => {
      bar.remove();
      this.#faults.remove();
    });
    this.#tab(Math.max(0, this.#rows.findIndex(open)), 0);
    this.#tell();
    form.addEventListener("keydown", (e) => this.#press(e), { signal });
    form.addEventListener("focusin", (e) => this.#enter(e.target), { signal });
    form.addEventListener("focusout", (e) => this.#left(e), { signal });
    form.addEventListener("input", (e) => this.#typed(e.target), { signal });
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      for (const row of this.#rows) this.#keep(row);
    }, { signal });
    addEventListener("beforeunload", (e) => {
      if (this.#busy || this.#rows.some((r) => said(r) !== r.kept)) e.preventDefault();
    }, { signal });
  }

  /** Makes one cell the one that Tab comes to. */
  #tab(at: number, col: number): void {
    const from = this.#rows[this.#at], to = this.#rows[at];
    const was = from?.marks[this.#col];
    if (was) was.tabIndex = -1;
    if (from?.why) from.why.tabIndex = -1;
    from?.tr.removeAttribute("aria-current");
    if (!to) return;
    this.#at = at;
    this.#col = Math.min(to.marks.length - 1, Math.max(0, col));
    const cell = to.marks[this.#col];
    if (cell) cell.tabIndex = 0;
    if (to.why) to.why.tabIndex = 0;
    to.tr.setAttribute("aria-current", "true");
    this.#show(to.key);
  }

  #enter(target: EventTarget | null): void {
    const at = this.#rows.findIndex((r) => target instanceof Node && r.tr.contains(target));
    if (at < 0) return;
    const col = this.#rows[at]?.marks.indexOf(target as HTMLInputElement) ?? -1;
    if (at !== this.#at || col >= 0 && col !== this.#col) this.#tab(at, col >= 0 ? col : this.#col);
    if (col >= 0) (target as HTMLInputElement).select();
  }

  #left(e: FocusEvent): void {
    const row = this.#rows.find((r) => e.target instanceof Node && r.tr.contains(e.target));
    if (row && !(e.relatedTarget instanceof Node && row.tr.contains(e.relatedTarget))) this.#keep(row);
  }

  #move(at: number, col = this.#col): void {
    const to = Math.min(this.#rows.length - 1, Math.max(0, at));
    const row = this.#rows[to];
    const cell = row?.marks[Math.min((row.marks.length || 1) - 1, Math.max(0, col))];
    if (cell && !cell.disabled) cell.focus();
    else this.#tab(to, col);
  }

  #press(e: KeyboardEvent): void {
    if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    const row = this.#rows[this.#at];
    if (!row || !(e.target instanceof HTMLInputElement)) return;
    if (e.target === row.why) {
      if (e.key === "Enter") this.#onward();
      else if (e.key === "Escape") this.#move(this.#at);
      else return;
      e.preventDefault();
      return;
    }
    if (!row.marks.includes(e.target)) return;
    const moves: Record<string, [number, number]> = {
      j: [1, 0], k: [-1, 0], ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageDown: [PAGE, 0], PageUp: [-PAGE, 0],
    };
    const by = moves[e.key];
    const letter = /^[A-Z]$/.test(e.key) ? this.#attribute(e.key) : /^[1-9]$/.test(e.key) ? Number(e.key) - 1 : -1;
    if (by) this.#move(this.#at + by[0], this.#col + by[1]);
    else if (letter >= 0 && letter < row.marks.length) this.#move(this.#at, letter);
    else if (e.key.length === 1 && LETTERS.includes(e.key)) this.#mark(row, e.key);
    else if (e.key === "w") row.why?.focus();
    else if (e.key === "Home") this.#move(0);
    else if (e.key === "End") this.#move(this.#rows.length - 1);
    else if (e.key === "Enter") this.#onward();
    else if (e.key.length > 1) return;
    e.preventDefault();
  }

  /** The place of the attribute whose letter was typed. */
  #attribute(letter: string): number {
    return [...this.#form.querySelectorAll<HTMLInputElement>("input[name=attribute]")].findIndex((a) => a.value.toUpperCase() === letter);
  }

  #mark(row: Row, letter: string): void {
    const cell = row.marks[this.#col];
    if (!cell || cell.disabled) return;
    cell.value = letter;
    draw(cell);
    if (letter !== "p" && row.why && !row.why.value.trim()) row.why.focus();
    else if (this.#col + 1 < row.marks.length) this.#move(this.#at, this.#col + 1);
    else cell.select();
    this.#tell();
  }

  /** A letter that came in otherwise, such as from a keyboard on the screen. */
  #typed(target: EventTarget | null): void {
    const row = this.#rows[this.#at];
    if (!row || !(target instanceof HTMLInputElement) || !row.marks.includes(target)) return;
    const letter = target.value.toLowerCase();
    target.value = LETTERS.includes(letter) ? letter : "";
    draw(target);
    this.#tell();
  }

  #onward(): void {
    const row = this.#rows[this.#at];
    if (row && needs(row)) {
      this.#fault(row, t("Nothing says why."));
      row.why?.focus();
      return;
    }
    if (this.#at + 1 < this.#rows.length) this.#move(this.#at + 1, 0);
    else if (row) this.#keep(row);
  }

  #keep(row: Row): void {
    const now = said(row);
    if (now === row.kept || now === this.#sent.get(row) || needs(row) || this.#queue.includes(row)) return;
    this.#queue.push(row);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let row = this.#queue.shift(); row; row = this.#queue.shift()) {
      const now = said(row);
      if (now === row.kept) continue;
      this.#sent.set(row, now);
      const why = await this.#save(row);
      this.#sent.delete(row);
      if (why === undefined) {
        row.kept = now;
        row.tr.dataset.state = "kept";
      } else {
        row.tr.dataset.state = "refused";
        this.#fault(row, why);
      }
    }
    this.#busy = false;
    this.#tell();
  }

  async #save(row: Row): Promise<string | undefined> {
    const body = new URLSearchParams();
    for (const f of this.#form.querySelectorAll<HTMLInputElement>("input[type=hidden][name]")) body.append(f.name, f.value);
    for (const f of row.marks) if (f.value) body.append(f.name, f.value);
    if (row.why) body.append(row.why.name, row.why.value);
    try {
      const r = await post(ours(this.#form.getAttribute("action")) ?? location.href, body);
      return r.ok ? undefined : await reason(r);
    } catch {
      return unreachable();
    }
  }

  /** Loads the client's item; while rows are gone through quickly, only that on which the reader rests. */
  #show(key: string): void {
    if (key === this.#shown || !this.#pane) return;
    this.#shown = key;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#load(key), 60);
  }

  async #load(key: string): Promise<void> {
    const url = ours(this.dataset.item), pane = this.#pane;
    if (!url || !pane) return;
    this.#look?.abort();
    this.#look = new AbortController();
    try {
      const r = await fetch(`${url}?key=${encodeURIComponent(key)}`, { credentials: "same-origin", signal: this.#look.signal });
      if (key !== this.#shown) return;
      if (r.ok) pane.replaceChildren(...harmless(await r.text()));
      else pane.replaceChildren(h("p", { class: "as-alert" }, await reason(r)));
      pane.scrollTop = 0;
    } catch (e) {
      if (!(e instanceof DOMException && e.name === "AbortError")) pane.replaceChildren(h("p", { class: "as-alert" }, unreachable()));
    }
  }

  #fault(row: Row, why: string): void {
    this.#faults.querySelector(`[data-of="${CSS.escape(row.key)}"]`)?.remove();
    const line = h("p", { class: "as-alert", "data-of": row.key }, t("{name}: {why}", { name: row.key, why }), " ", button(t("Close"), () => {
      line.remove();
      this.#move(this.#rows.indexOf(row));
    }, true));
    this.#faults.append(line);
  }

  #tell(): void {
    const marked = this.#rows.filter((r) => !open(r)).length;
    const waiting = this.#rows.filter((r) => said(r) !== r.kept).length;
    let text = t("{marked} of {total} marked", { marked, total: this.#rows.length });
    if (waiting) text += ", " + plural(waiting, "{n} not kept yet", "{n} not kept yet");
    this.#count.textContent = text;
  }
}

/** What a row says, to see whether the server has it. */
const said = (r: Row): string => r.marks.map((m) => m.value).join("") + "\n" + (r.why?.value.trim() ?? "");
/** A mark other than a pass needs words. */
const needs = (r: Row): boolean => r.marks.some((m) => m.value !== "" && m.value !== "p") && !r.why?.value.trim();
const open = (r: Row): boolean => r.marks.some((m) => !m.disabled && m.value === "");
/** Draws the cell as its tick mark. */
const draw = (i: HTMLInputElement): void => {
  if (i.parentElement) i.parentElement.dataset.mark = i.value;
};
