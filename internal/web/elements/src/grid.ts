import { Piece, button, h, ours, plural, post, reason, t, typing, unreachable } from "./base";

type Choice = "keep" | "remove" | "";

interface Job {
  row: HTMLTableRowElement;
  choice: Choice;
}

const PAGE = 20; // rows that Page Up and Page Down go
const TRIES = 5;

/**
 * <assay-grid> around the form and table of an access review: every row is decided with a key, and posted at once,
 * one after the other, as decide-ID=keep, remove or nothing (undone). A row that the server refuses goes back.
 * Attributes: data-total and data-decided count the whole campaign where the table is one page of it.
 */
export class Grid extends Piece {
  #form!: HTMLFormElement;
  #rows: HTMLTableRowElement[] = [];
  #place = new Map<HTMLTableRowElement, number>();
  #kept = new Map<HTMLTableRowElement, Choice>(); // what the server has said yes to
  #chosen = new Set<HTMLTableRowElement>();
  #undo: Job[][] = [];
  #queue: Job[] = [];
  #busy = false;
  #at = 0;
  #anchor = 0;
  #decided = 0;
  #elsewhere = 0;
  #count!: HTMLElement;
  #faults!: HTMLElement;

  protected override start(signal: AbortSignal): void {
    const form = this.querySelector("form"), body = this.querySelector("tbody"), table = this.querySelector("table");
    if (!form || !body || !table) return;
    this.#form = form;
    this.#rows = [...body.rows].filter((r) => r.dataset.id);
    this.#rows.forEach((row, i) => {
      this.#place.set(row, i);
      this.#kept.set(row, choice(row));
      row.dataset.state = choice(row);
      row.tabIndex = -1;
      row.setAttribute("aria-selected", "false");
      for (const r of radios(row)) r.tabIndex = -1;
    });
    this.#decided = this.#rows.filter((r) => choice(r)).length;
    this.#elsewhere = this.dataset.decided === undefined ? 0 : Number(this.dataset.decided) - this.#decided;
    table.setAttribute("role", "grid");
    table.setAttribute("aria-multiselectable", "true");
    this.#count = h("p", { class: "as-count", role: "status" });
    this.#faults = h("div", { class: "as-faults", role: "alert" });
    const help = h("p", { class: "as-help" }, t("y keeps, n removes, u undoes; arrow keys or j and k move, Space selects, Shift with an arrow selects several."));
    const bar = h("div", { class: "as-grid-bar" }, this.#count, help, button(t("Undo the last decision"), () => this.#back(), true));
    this.prepend(bar, this.#faults);
    signal.addEventListener("abort", () => {
      bar.remove();
      this.#faults.remove();
    });
    this.#tab(Math.max(0, this.#rows.findIndex((r) => open(r))));
    this.#tell();
    this.addEventListener("keydown", (e) => this.#press(e), { signal });
    body.addEventListener("focusin", (e) => this.#tab(this.#place.get(rowOf(e.target) as HTMLTableRowElement) ?? this.#at), { signal });
    body.addEventListener("change", (e) => {
      const row = rowOf(e.target);
      if (row && this.#place.has(row) && e.target instanceof HTMLInputElement && e.target.type === "radio") this.#decide([row], e.target.value as Choice);
    }, { signal });
    addEventListener("beforeunload", (e) => {
      if (this.#busy) e.preventDefault();
    }, { signal });
  }

  /** Makes one row, with its buttons, the one that Tab comes to. */
  #tab(to: number): void {
    for (const [at, index] of [[this.#at, -1], [to, 0]] as const) {
      const row = this.#rows[at];
      if (!row) continue;
      row.tabIndex = index;
      for (const r of radios(row)) r.tabIndex = index;
    }
    this.#at = to;
  }

  #move(to: number): void {
    const row = this.#rows[Math.min(this.#rows.length - 1, Math.max(0, to))];
    row?.focus();
  }

  #press(e: KeyboardEvent): void {
    if (e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || !rowOf(e.target)) return;
    const onRow = e.target === this.#rows[this.#at];
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    const moves: Record<string, number> = { j: this.#at + 1, k: this.#at - 1 };
    if (onRow) Object.assign(moves, { ArrowDown: this.#at + 1, ArrowUp: this.#at - 1, Home: 0, End: this.#rows.length - 1, PageDown: this.#at + PAGE, PageUp: this.#at - PAGE });
    const to = moves[key];
    if (to !== undefined) {
      if (e.shiftKey && key.startsWith("Arrow")) this.#stretch(to);
      else this.#anchor = Math.min(this.#rows.length - 1, Math.max(0, to));
      this.#move(to);
    } else if (key === "y" || key === "n") {
      const several = this.#chosen.size > 0;
      this.#decide(several ? this.#rows.filter((r) => this.#chosen.has(r)) : this.#rows.slice(this.#at, this.#at + 1), key === "y" ? "keep" : "remove", true);
    } else if (key === "u") {
      this.#back();
    } else if (key === " " && onRow) {
      const row = this.#rows[this.#at];
      if (row) this.#choose(row, !this.#chosen.has(row));
      this.#anchor = this.#at;
      this.#tell();
    } else if (key === "Escape" && this.#chosen.size) {
      this.#clear();
      this.#tell();
    } else {
      return;
    }
    e.preventDefault();
  }

  #choose(row: HTMLTableRowElement, yes: boolean): void {
    row.setAttribute("aria-selected", String(yes));
    if (yes) this.#chosen.add(row);
    else this.#chosen.delete(row);
  }

  #clear(): void {
    for (const row of [...this.#chosen]) this.#choose(row, false);
  }

  /** Selects from the anchor to the row that the focus goes to. */
  #stretch(to: number): void {
    if (this.#chosen.size === 0) this.#anchor = this.#at;
    this.#clear();
    const [from, until] = this.#anchor < to ? [this.#anchor, to] : [to, this.#anchor];
    for (const row of this.#rows.slice(Math.max(0, from), until + 1)) this.#choose(row, true);
    this.#tell();
  }

  #decide(rows: HTMLTableRowElement[], to: Choice, onward = false): void {
    const able = rows.filter((r) => radios(r).some((x) => !x.disabled));
    for (const row of rows) {
      if (!able.includes(row)) this.#fault(row, t("This one is not yours to decide."));
    }
    const changed = able.filter((r) => r.dataset.state !== to);
    if (changed.length) this.#undo.push(changed.map((row) => ({ row, choice: (row.dataset.state ?? "") as Choice })));
    for (const row of changed) this.#set(row, to);
    this.#clear();
    this.#tell();
    if (onward) {
      const from = this.#place.get(rows[rows.length - 1] as HTMLTableRowElement) ?? this.#at;
      const next = this.#rows.findIndex((r, i) => i > from && open(r));
      const first = next >= 0 ? next : this.#rows.findIndex(open);
      this.#anchor = first >= 0 ? first : from;
      this.#move(this.#anchor);
    }
  }

  #set(row: HTMLTableRowElement, to: Choice): void {
    this.#draw(row, to);
    this.#queue.push({ row, choice: to });
    if (!this.#busy) void this.#work();
  }

  #draw(row: HTMLTableRowElement, to: Choice): void {
    this.#decided += Number(to !== "") - Number(row.dataset.state !== "");
    row.dataset.state = to;
    for (const r of radios(row)) r.checked = r.value === to;
  }

  #back(): void {
    const jobs = this.#undo.pop();
    if (!jobs) return;
    for (const job of jobs) this.#set(job.row, job.choice);
    this.#clear();
    this.#tell();
    this.#move(this.#place.get(jobs[0]?.row as HTMLTableRowElement) ?? this.#at);
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      const why = await this.#save(job);
      if (why === undefined) {
        this.#kept.set(job.row, job.choice);
        continue;
      }
      // The row goes back unless a later decision about it still waits; when nobody can be reached, all go back.
      const lost = why.stop ? [job, ...this.#queue.splice(0)] : [job];
      for (const { row } of lost) {
        if (!this.#queue.some((j) => j.row === row)) this.#draw(row, this.#kept.get(row) ?? "");
      }
      this.#fault(job.row, why.text, new Set(lost.map((j) => j.row)).size);
      this.#tell();
    }
    this.#busy = false;
  }

  /** Posts one row. Nothing comes back when the server has it. */
  async #save(job: Job): Promise<{ text: string; stop: boolean } | undefined> {
    const body = new URLSearchParams();
    for (const f of this.#form.querySelectorAll<HTMLInputElement>("input[type=hidden][name]")) body.append(f.name, f.value);
    body.set(`decide-${job.row.dataset.id ?? ""}`, job.choice);
    for (let tried = 1; ; tried++) {
      let r: Response;
      try {
        r = await post(ours(this.#form.getAttribute("action")) ?? location.href, body);
      } catch {
        return { text: unreachable(), stop: true };
      }
      if (r.ok) return undefined;
      if (tried >= TRIES || r.status !== 429 && r.status !== 503) return { text: await reason(r), stop: r.status === 401 || r.type === "opaqueredirect" };
      await new Promise((go) => setTimeout(go, 1000 * (Number(r.headers.get("Retry-After")) || tried)));
    }
  }

  #fault(row: HTMLTableRowElement, why: string, rows = 1): void {
    const name = row.querySelector("th")?.textContent?.trim() ?? row.cells[0]?.textContent?.trim() ?? "";
    const text = rows > 1 ? plural(rows, "{name}: {why} The row is as it was.", "{name}: {why} {n} rows are as they were.", { name, why }) : t("{name}: {why} The row is as it was.", { name, why });
    const line = h("p", { class: "as-alert" }, text, " ", button(t("Close"), () => {
      line.remove();
      this.#move(this.#place.get(row) ?? this.#at);
    }, true));
    this.#faults.append(line);
  }

  #tell(): void {
    const total = Number(this.dataset.total) || this.#rows.length;
    const decided = this.#decided + this.#elsewhere;
    let text = t("{decided} of {total} decided", { decided, total });
    if (this.#chosen.size) text += ", " + plural(this.#chosen.size, "{n} selected", "{n} selected");
    this.#count.textContent = text;
  }
}

const rowOf = (target: EventTarget | null): HTMLTableRowElement | null => (target instanceof Element ? target.closest<HTMLTableRowElement>("tbody tr") : null);
const radios = (row: HTMLTableRowElement): HTMLInputElement[] => [...row.querySelectorAll<HTMLInputElement>('input[type=radio][name^="decide-"]')];
const choice = (row: HTMLTableRowElement): Choice => (radios(row).find((r) => r.checked)?.value ?? "") as Choice;
/** Undecided, and ours to decide. */
const open = (row: HTMLTableRowElement): boolean => !row.dataset.state && radios(row).some((r) => !r.disabled);
