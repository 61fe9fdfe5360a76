import { Bar, Piece, button, dialog, go, h, percent, t } from "./base";

interface State {
  done?: number;
  total?: number;
  words?: string;
  url?: string;
}

/**
 * <assay-progress src>: long work over server-sent events. The server says where the work stands at every connection, so a reload
 * loses nothing. Events (data is JSON): progress {done, total, words}; done {words, url}; failed {words}.
 * data-url is where "done" leads when it names no address itself; without it the page is loaded again.
 */
export class Progress extends Piece {
  protected override start(signal: AbortSignal): void {
    const src = this.getAttribute("src");
    if (!src) return;
    const bar = new Bar(this.dataset.label ?? t("Progress"));
    const before = [...this.childNodes];
    bar.show(null, this.textContent?.trim() || t("Working …"));
    this.replaceChildren(bar.node);
    const source = new EventSource(src);
    signal.addEventListener("abort", () => {
      source.close();
      this.replaceChildren(...before);
    });
    addEventListener("pagehide", () => source.close(), { signal });
    addEventListener("pageshow", (e) => {
      if (e.persisted) location.reload();
    }, { signal });
    let known: State = {};
    const show = () => {
      const part = known.total ? (known.done ?? 0) / known.total : null;
      const words = known.words ?? t("Working …");
      bar.show(part, part === null ? words : `${words} (${percent(part)})`);
    };
    const hear = (kind: string, act: (s: State) => void) => source.addEventListener(kind, (e) => {
      try {
        act(JSON.parse((e as MessageEvent<string>).data) as State);
      } catch {
        // A line that does not parse says nothing; the next one tells all again.
      }
    });
    const take = (s: State) => {
      known = s;
      show();
    };
    hear("progress", take);
    hear("message", take);
    hear("done", (s) => {
      source.close();
      bar.show(1, s.words ?? t("Done."));
      bar.say(s.words ?? t("Done."));
      this.dataset.state = "done";
      const to = s.url ?? this.dataset.url;
      if (to === undefined) location.reload();
      else go(to);
    });
    hear("failed", (s) => {
      source.close();
      this.dataset.state = "failed";
      bar.node.replaceWith(h("p", { role: "alert", class: "as-alert" }, s.words ?? t("The work has failed.")));
    });
    source.onopen = () => {
      if (known.words !== undefined) show();
    };
    source.onerror = () => {
      bar.words.textContent = t("Connection lost, trying again. The work itself goes on.");
      if (source.readyState === EventSource.CLOSED) setTimeout(() => signal.aborted || location.reload(), 5000);
    };
  }
}

const LEAST = 8000; // ms that a message stays, at least

/**
 * <assay-toast>: what has just been done, with a form that undoes it. It leaves by its button or Escape; by itself only when it holds
 * nothing to press and is no error, or when data-seconds says so, never before 8 s, and not while it is pointed at or focused.
 */
export class Toast extends Piece {
  protected override start(signal: AbortSignal): void {
    const inside = [...this.childNodes];
    if (!this.querySelector("[role]")) this.setAttribute("role", this.dataset.kind === "error" ? "alert" : "status");
    this.tabIndex = -1;
    // A live region speaks of what changes in it: so the text comes once more.
    this.replaceChildren();
    setTimeout(() => this.prepend(...inside));
    this.add(button(t("Close"), () => this.#leave(), true));
    this.addEventListener("keydown", (e) => {
      if (e.key === "Escape") this.#leave();
    }, { signal });
    const acts = inside.some((n) => n instanceof Element && (n.matches("form, a, button") || n.querySelector("form, a, button")));
    const asked = Number(this.dataset.seconds) * 1000;
    if (!asked && (acts || this.dataset.kind === "error")) return;
    const after = Math.max(LEAST, asked || 12_000);
    let timer = 0;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => (this.matches(":hover, :focus-within") ? wait() : this.remove()), after);
    };
    for (const kind of ["pointerleave", "focusout"]) this.addEventListener(kind, wait, { signal });
    signal.addEventListener("abort", () => clearTimeout(timer));
    wait();
  }

  /** The focus that was inside goes to the content, not to the top of the page. */
  #leave(): void {
    this.remove();
    document.querySelector<HTMLElement>("main")?.focus();
  }
}

/** <assay-confirm data-title data-text data-yes> around a form: asks before it is sent. Without script the server asks. */
export class Confirm extends Piece {
  #asked = false;

  protected override start(signal: AbortSignal): void {
    this.addEventListener("submit", (e) => {
      const form = e.target;
      if (this.#asked || !(form instanceof HTMLFormElement)) {
        this.#asked = false;
        return;
      }
      e.preventDefault();
      const by = e.submitter;
      const yes = this.dataset.yes ?? by?.textContent?.trim() ?? t("Continue");
      const no = button(t("Cancel"), () => box.close(), true);
      const box = dialog(this.dataset.title ?? t("Are you sure?"), "as-confirm", h("p", {}, this.dataset.text ?? ""), h("footer", {}, no, button(yes, () => {
        box.close();
        this.#asked = true;
        form.requestSubmit(by);
      })));
      no.focus(); // the act that cannot be taken back is never the one under Enter
    }, { signal });
  }
}
