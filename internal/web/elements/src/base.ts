// What every element needs: the page's words, small pieces of DOM, and requests that say who asks.

type Values = Record<string, string | number>;
type Child = Node | string;

/** The language of the page, for numbers, dates and sizes. */
export const language = document.documentElement.lang || "en";

let words: Map<string, string> | undefined;

/** The page's own words for an English phrase, with {names} filled in. The shell writes them into a meta element. */
export function t(key: string, values: Values = {}): string {
  if (!words) {
    words = new Map();
    try {
      const meta = document.querySelector<HTMLMetaElement>('meta[name="assay-phrases"]');
      words = new Map(Object.entries(JSON.parse(meta?.content || "{}") as Record<string, string>));
    } catch {
      // Words that do not parse leave the English ones standing.
    }
  }
  return (words.get(key) ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? count(value) : value;
  });
}

/** One form for 1, another for every other number: enough for the languages that there are. */
export function plural(n: number, one: string, other: string, values: Values = {}): string {
  return t(n === 1 ? one : other, { n, ...values });
}

const whole = new Intl.NumberFormat(language);
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });

export const count = (n: number): string => whole.format(n);
/** Rounded down, so that only what is whole says 100 %. */
export const percent = (part: number): string => share.format(Math.floor(part * 100) / 100);

/** A size in the unit that keeps it short; a kilobyte is 1,000 bytes, as on the label of a disk. */
export function size(bytes: number): string {
  let unit = "byte", n = bytes;
  for (const next of ["kilobyte", "megabyte", "gigabyte"]) {
    if (n < 1000) break;
    unit = next;
    n /= 1000;
  }
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: n < 100 && unit !== "byte" ? 1 : 0 }).format(n);
}

/** Makes an element. Text is always text; true stands for an attribute without value. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string | boolean> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children);
  return e;
}

let last = 0;
/** An id that nothing else on the page has. */
export const fresh = (): string => `as-${++last}`;

export function button(text: string, act: () => void, quiet = false): HTMLButtonElement {
  const b = h("button", { type: "button", class: quiet ? "as-button as-quiet" : "as-button" }, text);
  b.addEventListener("click", act);
  return b;
}

/** An element that wraps what works without it: what it adds goes again when it leaves the page. */
export abstract class Piece extends HTMLElement {
  #life = new AbortController();
  #made: ChildNode[] = [];

  connectedCallback(): void {
    this.#life = new AbortController();
    this.start(this.#life.signal);
  }

  disconnectedCallback(): void {
    this.#life.abort();
    for (const node of this.#made.splice(0)) node.remove();
  }

  /** Adds a node at the end of a place and remembers it. */
  protected add<T extends ChildNode>(node: T, place: ParentNode = this): T {
    place.append(node);
    this.#made.push(node);
    return node;
  }

  protected abstract start(signal: AbortSignal): void;
}

/** Reports whether keys pressed here are text that somebody writes. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target instanceof HTMLInputElement && !/^(button|checkbox|radio|submit|reset|file|image|range|color)$/.test(target.type);
}

/** Opens a dialog that is labelled by its heading, where the focus begins (the key that opened it must not press its button), and closed by Escape, by its button or by a click beside it. */
export function dialog(title: string, kind: string, ...children: Child[]): HTMLDialogElement {
  const id = fresh();
  const box = h("dialog", { class: `as-dialog ${kind}`, "aria-labelledby": id });
  box.append(h("header", {}, h("h2", { id, tabindex: "-1", autofocus: true }, title), button(t("Close"), () => box.close(), true)), ...children);
  box.addEventListener("click", (e) => {
    if (e.target === box) box.close();
  });
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

/** Resolves an address of this site; one of another site, or one that is code, gives nothing. */
export function ours(address: string | null | undefined): string | undefined {
  if (!address) return undefined;
  try {
    const to = new URL(address, location.href);
    return to.origin === location.origin ? to.href : undefined;
  } catch {
    return undefined;
  }
}

export function go(address: string | null | undefined): boolean {
  const to = ours(address);
  if (to) location.assign(to);
  return to !== undefined;
}

/** Posts to this site. A redirect is not followed: whoever asks for JSON is told in JSON. */
export function post(url: string, body: BodyInit, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: "POST", body, credentials: "same-origin", redirect: "manual", ...(signal && { signal }),
    headers: { Accept: "application/json", "X-Requested-With": "assay", ...headers },
  });
}

/** Why a request was refused, as a sentence: the server's own where it gives one (RFC 9457). */
export async function reason(r: Response): Promise<string> {
  if (r.type === "opaqueredirect" || r.status === 401) return t("You are signed out. Sign in again, then repeat this.");
  if (/json/.test(r.headers.get("Content-Type") ?? "")) {
    try {
      const problem = (await r.json()) as { detail?: unknown; title?: unknown };
      const text = problem.detail ?? problem.title;
      if (typeof text === "string" && text) return text;
    } catch {
      // Said below in general words.
    }
  }
  if (r.status === 403) return t("You may not do this.");
  if (r.status === 413) return t("This is larger than the server accepts.");
  if (r.status === 429) return t("Too many requests at once. Wait a moment and try again.");
  return t("The server refused this (status {status}).", { status: String(r.status) });
}

export const unreachable = (): string => t("The server cannot be reached. Check the connection and try again.");

/** Storage that may be full, switched off or of another shape: then the element works without it. */
export function recall<T>(store: () => Storage, key: string): T | undefined {
  try {
    const text = store().getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

export function keep(store: () => Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) store().removeItem(key);
    else store().setItem(key, JSON.stringify(value));
  } catch {
    // Nothing is lost that the server has.
  }
}

export const local = (): Storage => localStorage;
export const session = (): Storage => sessionStorage;

/** A bar with its words. Readers that do not see it hear every tenth, not every tick. */
export class Bar {
  readonly node: HTMLElement;
  readonly words: HTMLParagraphElement;
  #track: HTMLElement;
  #fill = h("i");
  #said = h("span", { class: "visually-hidden", role: "status" });
  #step = -1;

  constructor(label: string) {
    this.words = h("p", { class: "as-words", id: fresh() });
    this.#track = h("div", { class: "as-bar", role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" }, this.#fill);
    this.node = h("div", { class: "as-progress" }, this.words, this.#track, this.#said);
  }

  /** Shows a part of the whole, 0 to 1; null when nobody knows how much there is. */
  show(part: number | null, words: string): void {
    this.words.textContent = words;
    this.#track.setAttribute("aria-valuetext", words);
    this.#track.classList.toggle("as-unknown", part === null);
    if (part === null) {
      this.#track.removeAttribute("aria-valuenow");
      return;
    }
    const at = Math.min(1, Math.max(0, part));
    this.#track.setAttribute("aria-valuenow", String(Math.floor(at * 100)));
    this.#fill.style.transform = `scaleX(${at})`;
    const step = Math.floor(at * 10);
    if (step !== this.#step) this.say(words);
    this.#step = step;
  }

  say(words: string): void {
    this.#said.textContent = words;
  }
}
