import { Bar, Piece, button, fresh, h, keep, local, ours, percent, reason, recall, size, t, unreachable } from "./base";

interface Kept {
  url: string;
  name: string;
  sent: number;
  size: number;
  at: number; // ms since 1970
}

/** What cannot be helped by trying again. */
class Refusal extends Error {}

const CHUNK = 8 << 20;
const TRIES = 8;
const TUS = { "Tus-Resumable": "1.0.0" };
const MONTH = 30 * 86_400_000; // kept addresses are forgotten after it

/**
 * <assay-upload> around a form with a file: sends the file in pieces by the tus protocol, 1.0.0 (core and creation), and
 * goes on where it stopped, also after a reload. When all is there the form carries the upload's id instead of the file.
 */
export class Upload extends Piece {
  #form!: HTMLFormElement;
  #field!: HTMLInputElement;
  #id!: HTMLInputElement;
  #panel!: HTMLElement;
  #bar: Bar | undefined;
  #run: AbortController | undefined;
  #sent = 0; // bytes that have left
  #arrived = 0; // bytes that the server has said it holds

  protected override start(signal: AbortSignal): void {
    const form = this.querySelector<HTMLFormElement>("form[data-resumable]");
    const field = form?.querySelector<HTMLInputElement>("input[type=file]");
    if (!form || !field || !ours(form.dataset.resumable)) return;
    this.#form = form;
    this.#field = field;
    field.multiple = false; // one file, one upload
    this.#id = form.querySelector<HTMLInputElement>("input[name=upload]") ?? this.add(h("input", { type: "hidden", name: "upload" }), form);
    this.#panel = h("div", { class: "as-upload", id: fresh() });
    field.after(this.#panel);
    signal.addEventListener("abort", () => {
      this.#run?.abort();
      this.#panel.remove();
    });
    const name = field.name;
    field.addEventListener("change", () => {
      this.#run?.abort();
      this.#id.value = "";
      field.name = name;
      const file = field.files?.[0];
      if (file) this.#begin(file);
      else this.#idle();
    }, { signal });
    this.#idle();
    if (field.files?.[0]) this.#begin(field.files[0]); // a browser may bring the choice back
  }

  get #endpoint(): string {
    return ours(this.#form.dataset.resumable) ?? "";
  }

  #key(file: File): string {
    return `assay-upload ${this.#endpoint} ${file.name} ${file.size} ${file.lastModified}`;
  }

  #ready(yes: boolean): void {
    for (const b of this.#form.querySelectorAll<HTMLButtonElement>("button:not([type=button])")) {
      b.disabled = !yes;
      if (yes) b.removeAttribute("aria-describedby");
      else b.setAttribute("aria-describedby", this.#bar?.words.id ?? "");
    }
  }

  /** Before a file is chosen: says what was begun earlier and can go on. */
  #idle(): void {
    this.#bar = undefined;
    this.#ready(true);
    this.#panel.replaceChildren();
    const prefix = `assay-upload ${this.#endpoint} `;
    for (const key of stored(prefix)) {
      const kept = recall<Kept>(local, key);
      if (!kept || Date.now() - kept.at > MONTH) {
        keep(local, key, undefined);
        continue;
      }
      const line = h("p", { class: "as-words" }, t("{name}: {percent} arrived before. Choose the same file again to go on.", { name: kept.name, percent: percent(kept.size ? kept.sent / kept.size : 1) }), " ",
        button(t("Forget it"), () => {
          keep(local, key, undefined);
          line.remove();
          this.#field.focus();
        }, true));
      this.#panel.append(line);
    }
  }

  #begin(file: File): void {
    const bar = new Bar(t("Upload of {name}", { name: file.name }));
    this.#bar = bar;
    const toggle = button(t("Pause"), () => {
      if (this.#run) {
        this.#run.abort();
        this.#run = undefined;
        toggle.textContent = t("Resume");
        this.#say(file, this.#sent, t("paused"));
        bar.say(bar.words.textContent ?? "");
      } else {
        void this.#send(file, toggle);
      }
    });
    this.#sent = this.#arrived = 0;
    this.#panel.replaceChildren(bar.node, toggle);
    this.#ready(false);
    void this.#send(file, toggle);
  }

  #say(file: File, sent: number, more = ""): void {
    this.#sent = sent;
    const part = file.size ? sent / file.size : 1;
    const words = t("{name}: {sent} of {size}, {percent}", { name: file.name, sent: size(sent), size: size(file.size), percent: percent(part) });
    this.#bar?.show(part, more ? `${words}, ${more}` : words);
  }

  async #send(file: File, toggle: HTMLButtonElement): Promise<void> {
    const run = (this.#run = new AbortController());
    const base = Number(this.dataset.backoff) || 1000;
    toggle.textContent = t("Pause");
    toggle.hidden = false;
    this.#panel.querySelector("[role=alert]")?.remove();
    this.#say(file, this.#sent, t("starting"));
    for (let failed = 0; !run.signal.aborted;) {
      const before = this.#arrived;
      try {
        const url = await this.#whole(file, run.signal);
        if (run.signal.aborted) return;
        this.#done(file, url, toggle);
        return;
      } catch (e) {
        if (run.signal.aborted) return;
        failed = this.#arrived > before ? 1 : failed + 1;
        if (e instanceof Refusal || failed >= TRIES) {
          this.#fail(file, e instanceof Refusal ? e.message : unreachable(), toggle);
          return;
        }
        this.#say(file, this.#sent, t("connection lost, trying again"));
        await pause(Math.min(30_000, base * 2 ** (failed - 1)), run.signal);
      }
    }
  }

  /** Sends what is missing and returns the upload's address. */
  async #whole(file: File, signal: AbortSignal): Promise<string> {
    const key = this.#key(file);
    let url = ours(recall<Kept>(local, key)?.url);
    let sent = url ? await offset(url, signal) : undefined;
    if (!url || sent === undefined || sent > file.size) {
      url = await this.#create(file, signal);
      sent = 0;
    }
    const remember = (n: number) => {
      this.#arrived = n;
      keep(local, key, { url, name: file.name, sent: n, size: file.size, at: Date.now() });
    };
    remember(sent);
    this.#say(file, sent);
    const step = Number(this.dataset.chunk) || CHUNK;
    while (sent < file.size) {
      const from = sent;
      sent = await patch(url, file.slice(from, from + step), from, signal, (n) => this.#say(file, from + n));
      if (!(sent > from)) throw new Error("no progress");
      remember(sent);
      this.#say(file, sent);
    }
    return url;
  }

  async #create(file: File, signal: AbortSignal): Promise<string> {
    const meta = `filename ${base64(file.name)}` + (file.type ? `,filetype ${base64(file.type)}` : "");
    const r = await fetch(this.#endpoint, {
      method: "POST", credentials: "same-origin", redirect: "manual", signal,
      headers: { ...TUS, "X-Requested-With": "assay", Accept: "application/json", "Upload-Length": String(file.size), "Upload-Metadata": meta },
    });
    if (!r.ok) throw await trouble(r);
    const at = r.headers.get("Location");
    const url = at ? ours(new URL(at, this.#endpoint).href) : undefined;
    if (!url) throw new Refusal(t("The server gave no address for the upload."));
    return url;
  }

  #done(file: File, url: string, toggle: HTMLButtonElement): void {
    this.#run = undefined;
    toggle.hidden = true;
    this.#id.value = decodeURIComponent(new URL(url).pathname.split("/").pop() ?? "");
    this.#field.removeAttribute("name"); // the file is there; only its id goes with the form
    this.#say(file, file.size, t("all there"));
    this.#bar?.say(this.#bar.words.textContent ?? "");
    this.#ready(true);
    this.#form.addEventListener("submit", () => keep(local, this.#key(file), undefined), { once: true });
    this.dispatchEvent(new CustomEvent("assay-uploaded", { bubbles: true }));
  }

  #fail(file: File, why: string, toggle: HTMLButtonElement): void {
    this.#run = undefined;
    toggle.textContent = t("Resume");
    this.#say(file, this.#sent, t("stopped"));
    this.#panel.append(h("p", { role: "alert", class: "as-alert" }, why));
  }
}

function stored(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((k) => k.startsWith(prefix));
  } catch {
    return [];
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** 408, 409, 423, 429 and faults of the server pass; anything else is an answer. */
async function trouble(r: Response): Promise<Error> {
  return [408, 409, 423, 429].includes(r.status) || r.status >= 500 ? new Error(String(r.status)) : new Refusal(await reason(r));
}

/** How much of an upload has arrived; undefined when the server has none of that name. */
async function offset(url: string, signal: AbortSignal): Promise<number | undefined> {
  const r = await fetch(url, { method: "HEAD", credentials: "same-origin", redirect: "manual", cache: "no-store", headers: { ...TUS, "X-Requested-With": "assay" }, signal });
  if (r.status === 404 || r.status === 410 || r.status === 403) return undefined;
  if (!r.ok) throw await trouble(r);
  const n = Number(r.headers.get("Upload-Offset") ?? NaN);
  return Number.isSafeInteger(n) && n >= 0 ? n : undefined;
}

/** Sends one piece. XMLHttpRequest, because fetch does not tell how much of a body has left. */
function patch(url: string, piece: Blob, from: number, signal: AbortSignal, sent: (n: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open("PATCH", url);
    for (const [name, value] of Object.entries({ ...TUS, "X-Requested-With": "assay", "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" })) x.setRequestHeader(name, value);
    x.upload.onprogress = (e) => sent(e.loaded);
    x.onload = () => {
      if (x.status === 204) resolve(Number(x.getResponseHeader("Upload-Offset") ?? NaN));
      else void trouble(new Response(x.responseText || null, { status: x.status < 200 ? 500 : x.status, headers: { "Content-Type": x.getResponseHeader("Content-Type") ?? "" } })).then(reject);
    };
    x.onerror = x.onabort = x.ontimeout = () => reject(new Error("connection"));
    const stop = () => x.abort();
    signal.addEventListener("abort", stop);
    x.onloadend = () => signal.removeEventListener("abort", stop);
    x.send(piece);
  });
}

/** Waits, less when the network comes back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const wake = () => {
      clearTimeout(timer);
      resolve();
    };
    addEventListener("online", wake, { once: true });
    signal.addEventListener("abort", wake, { once: true });
  });
}
