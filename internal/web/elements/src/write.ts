import { Piece, button, fresh, h, keep, post, reason, recall, session, t, unreachable } from "./base";

interface Draft {
  base: string; // what the server had when the writing began
  text: string;
  sent?: boolean;
}

const plain = (s: string): string => s.replace(/\r\n/g, "\n").trim();

/** <assay-markdown data-preview> around a textarea: shows the text as it will stand, keeps what is unsaved, and warns before it is left behind. */
export class Markdown extends Piece {
  protected override start(signal: AbortSignal): void {
    const field = this.querySelector("textarea");
    if (!field) return;
    const key = `assay-draft ${location.pathname} ${field.name}`;
    const base = field.defaultValue;
    this.#restore(field, key, base);
    let sent = false, timer = 0;
    const save = () => keep(session, key, plain(field.value) === plain(base) ? undefined : { base, text: field.value, sent });
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(save, 300);
    }, { signal });
    field.form?.addEventListener("submit", () => {
      sent = true;
      save();
    }, { signal });
    addEventListener("pagehide", save, { signal });
    addEventListener("beforeunload", (e) => {
      if (!sent && plain(field.value) !== plain(base)) e.preventDefault();
    }, { signal });
    if (this.dataset.preview) this.#preview(field, this.dataset.preview);
  }

  /** Brings unsaved text back. Where the page has changed since, nothing is put over it: it is offered. */
  #restore(field: HTMLTextAreaElement, key: string, base: string): void {
    const draft = recall<Draft>(session, key);
    if (!draft) return;
    const same = plain(draft.base) === plain(base);
    if (plain(draft.text) === plain(base) || draft.sent && !same) {
      keep(session, key, undefined); // it was saved
      return;
    }
    const put = (text: string) => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      note.remove();
      field.focus();
    };
    const note = h("p", { class: "as-note", role: "status" });
    if (same) {
      field.value = draft.text;
      note.append(t("Your unsaved text is back."), " ", button(t("Discard it"), () => put(base), true));
    } else {
      note.append(t("There is unsaved text of yours for an earlier version of this page."), " ", button(t("Put it in"), () => put(draft.text), true), " ", button(t("Discard it"), () => put(base), true));
    }
    this.prepend(note);
  }

  #preview(field: HTMLTextAreaElement, url: string): void {
    const pane = h("div", { class: "as-preview", id: fresh(), role: "region", "aria-label": t("Preview"), tabindex: "0", hidden: true });
    const b = button(t("Preview"), () => void turn());
    b.setAttribute("aria-expanded", "false");
    b.setAttribute("aria-controls", pane.id);
    field.after(b, pane);
    const turn = async () => {
      const show = pane.hidden;
      pane.hidden = !show;
      b.setAttribute("aria-expanded", String(show));
      b.textContent = show ? t("Close the preview") : t("Preview");
      if (!show) return;
      pane.textContent = t("Drawing the preview …");
      pane.setAttribute("aria-busy", "true");
      try {
        const r = await post(url, new URLSearchParams({ text: field.value }), { Accept: "text/html" });
        if (r.ok) pane.replaceChildren(...harmless(await r.text()));
        else pane.textContent = await reason(r);
      } catch {
        pane.textContent = unreachable();
      }
      pane.removeAttribute("aria-busy");
    };
  }
}

/** The server has made the text harmless; what could act is left out here once more. */
export function harmless(html: string): Node[] {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const e of page.body.querySelectorAll("*")) {
    if (e.matches("script, style, link, meta, base, iframe, object, embed, form, input, button, template")) e.remove();
    for (const { name, value } of [...e.attributes]) {
      if (name.startsWith("on") || name === "style" || name === "srcdoc" || /^\s*(javascript|data|vbscript):/i.test(value)) e.removeAttribute(name);
    }
  }
  return [...page.body.childNodes];
}
