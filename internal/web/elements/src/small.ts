import { Piece, button, fresh, h, language, plural, t } from "./base";

const zone = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });

/** <assay-time> around times: says each moment in the reader's own zone as well. A civil date has no zone and is left as it is. */
export class Time extends Piece {
  protected override start(): void {
    for (const e of this.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
      if (!e.dateTime.includes("T") || e.title) continue;
      const at = new Date(e.dateTime);
      if (!Number.isNaN(at.valueOf())) e.title = zone.format(at);
    }
  }
}

const MOST = 500; // longer lists are filtered by the server

const bare = (s: string): string => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** <assay-filter for="id of the list">: shows the rows that hold every word; a form inside it goes on to the server as before. */
export class Filter extends Piece {
  protected override start(signal: AbortSignal): void {
    const list = document.getElementById(this.getAttribute("for") ?? "") ?? this.querySelector("[data-rows]");
    const rows = [...(list?.children ?? [])].filter((r): r is HTMLElement => r instanceof HTMLElement);
    if (!list || rows.length === 0 || rows.length >= MOST) return;
    const texts = rows.map((r) => bare(r.textContent ?? ""));
    const field = this.querySelector<HTMLInputElement>("input[type=search], input[type=text]") ?? this.#field(list);
    const said = this.add(h("p", { class: "as-said", role: "status" }));
    const clear = this.add(button(t("Clear the filter"), () => {
      field.value = "";
      show();
      field.focus();
    }, true));
    const show = () => {
      const asked = bare(field.value).split(/\s+/).filter(Boolean);
      let n = 0;
      rows.forEach((row, i) => {
        row.hidden = !asked.every((w) => texts[i]?.includes(w));
        if (!row.hidden) n++;
      });
      clear.hidden = asked.length === 0;
      said.textContent = asked.length === 0 ? "" : n === 0 ? t("Nothing matches.") : plural(rows.length, "{shown} of {n}", "{shown} of {n}", { shown: n });
    };
    field.addEventListener("input", show, { signal });
    signal.addEventListener("abort", () => rows.forEach((r) => (r.hidden = false)));
    show();
  }

  #field(list: Element): HTMLInputElement {
    const field = h("input", { type: "search", id: fresh(), autocomplete: "off" });
    if (!document.querySelector("[data-search]")) field.dataset.search = "";
    if (list.id) field.setAttribute("aria-controls", list.id);
    this.add(h("label", { for: field.id }, this.dataset.label ?? t("Filter this list")));
    return this.add(field);
  }
}

/** <assay-copy for="id"> or <assay-copy data-text>: a button that copies a text. */
export class Copy extends Piece {
  protected override start(): void {
    const b = this.add(button(this.dataset.label ?? t("Copy"), () => void copy(), true));
    const said = this.add(h("span", { class: "visually-hidden", role: "status" }));
    let timer = 0;
    const copy = async () => {
      const from = document.getElementById(this.getAttribute("for") ?? "");
      let done = true;
      try {
        await navigator.clipboard.writeText(this.dataset.text ?? (from instanceof HTMLInputElement ? from.value : from?.textContent) ?? "");
      } catch {
        done = false;
        if (from) getSelection()?.selectAllChildren(from);
      }
      b.textContent = said.textContent = done ? t("Copied") : t("Selected: press Ctrl+C");
      clearTimeout(timer);
      timer = setTimeout(() => {
        b.textContent = this.dataset.label ?? t("Copy");
        said.textContent = "";
      }, 2500);
    };
  }
}
