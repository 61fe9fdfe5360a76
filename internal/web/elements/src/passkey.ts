import { Piece, go, h, ours, post, reason, t, unreachable } from "./base";

interface Options {
  publicKey: PublicKeyCredentialCreationOptionsJSON & PublicKeyCredentialRequestOptionsJSON;
}

/** What the server said no to, or what the browser did, as a sentence. */
class Sentence extends Error {}

/**
 * <assay-passkey> around buttons with data-mode (create or get), data-begin and data-finish, on the button or on the element. The fields
 * of the form around it go with "begin". Where a field asks for autocomplete="webauthn" and the browser can, its list offers
 * the passkeys too. WebAuthn level 3; a browser of level 2 is served by hand.
 */
export class Passkey extends Piece {
  #alert!: HTMLElement;
  #said!: HTMLElement;
  #waiting: AbortController | undefined;

  protected override start(signal: AbortSignal): void {
    this.#alert = this.add(h("p", { role: "alert", class: "as-alert", hidden: true }));
    this.#said = this.add(h("p", { role: "status", class: "as-said" }));
    const buttons = [...this.querySelectorAll<HTMLButtonElement>("button")];
    if (typeof PublicKeyCredential === "undefined") {
      buttons.forEach((b) => (b.hidden = true));
      this.#fail(isSecureContext ? t("This browser knows no passkeys. Use another way to sign in.") : t("Passkeys need an encrypted connection (https)."));
      return;
    }
    for (const b of buttons) {
      b.hidden = false;
      b.addEventListener("click", (e) => {
        e.preventDefault();
        void this.#press(b);
      }, { signal });
    }
    signal.addEventListener("abort", () => this.#waiting?.abort());
    const sign = buttons.find((b) => this.#of(b, "mode") === "get");
    if (sign && document.querySelector('input[autocomplete~="webauthn"]')) void this.#offer(sign);
  }

  #of(b: HTMLElement, name: "mode" | "begin" | "finish"): string {
    return b.dataset[name] ?? this.dataset[name] ?? "";
  }

  #fail(text: string): void {
    this.#said.textContent = "";
    this.#alert.hidden = false;
    this.#alert.textContent = text;
  }

  async #press(b: HTMLButtonElement): Promise<void> {
    this.#waiting?.abort();
    this.#alert.hidden = true;
    this.#said.textContent = t("Waiting for your passkey …");
    b.disabled = true;
    try {
      await this.#ceremony(b);
    } catch (e) {
      this.#fail(sentence(e));
    }
    b.disabled = false;
    b.focus();
  }

  /** Lets the list of a name field offer passkeys. That it comes to nothing is no error. */
  async #offer(b: HTMLButtonElement): Promise<void> {
    try {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
      this.#waiting = new AbortController();
      await this.#ceremony(b, this.#waiting.signal);
    } catch (e) {
      if (e instanceof Sentence) this.#fail(e.message);
    }
  }

  async #ceremony(b: HTMLButtonElement, conditional?: AbortSignal): Promise<void> {
    const form = this.closest("form");
    const fields = new URLSearchParams();
    if (form) for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
    const { publicKey } = (await ask(this.#of(b, "begin"), fields, "application/x-www-form-urlencoded", conditional)) as Options;
    const made = this.#of(b, "mode") === "create"
      ? await navigator.credentials.create({ publicKey: creation(publicKey) })
      : await navigator.credentials.get({ publicKey: request(publicKey), ...(conditional && { mediation: "conditional", signal: conditional }) });
    if (!(made instanceof PublicKeyCredential)) throw new Sentence(t("No passkey was given."));
    this.#said.textContent = t("Checking …");
    const { url } = (await ask(this.#of(b, "finish"), JSON.stringify(written(made)), "application/json")) as { url?: string };
    this.#said.textContent = t("Done.");
    if (!go(url)) this.dispatchEvent(new CustomEvent("assay-passkey", { bubbles: true }));
  }
}

async function ask(url: string, body: BodyInit, type: string, signal?: AbortSignal): Promise<unknown> {
  const to = ours(url);
  if (!to) throw new Sentence(t("No passkey was given."));
  let r: Response;
  try {
    r = await post(to, body, { "Content-Type": type }, signal);
  } catch (e) {
    throw signal?.aborted ? e : new Sentence(unreachable());
  }
  if (!r.ok) throw new Sentence(await reason(r));
  return r.json();
}

function sentence(e: unknown): string {
  if (e instanceof Sentence) return e.message;
  switch (e instanceof DOMException ? e.name : "") {
    case "NotAllowedError":
    case "AbortError":
      return t("No passkey was given: it was cancelled or took too long. Try again.");
    case "InvalidStateError":
      return t("This device has a passkey for this account already.");
    case "SecurityError":
      return t("Passkeys of this account belong to another address than this page's.");
    case "NotSupportedError":
    case "ConstraintError":
      return t("This device cannot make a passkey as the account needs it.");
    default:
      return t("The passkey could not be used. Try again or use another way to sign in.");
  }
}

const bytes = (s: string): ArrayBuffer => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
const text = (b: ArrayBuffer | null): string | undefined => (b ? btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : undefined);
const named = (list: PublicKeyCredentialDescriptorJSON[] | undefined) => list?.map((c) => ({ ...c, id: bytes(c.id) })) as PublicKeyCredentialDescriptor[] | undefined;

function creation(o: Options["publicKey"]): PublicKeyCredentialCreationOptions {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(o);
  return { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: named(o.excludeCredentials) ?? [] } as unknown as PublicKeyCredentialCreationOptions;
}

function request(o: Options["publicKey"]): PublicKeyCredentialRequestOptions {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(o);
  return { ...o, challenge: bytes(o.challenge), allowCredentials: named(o.allowCredentials) ?? [] } as unknown as PublicKeyCredentialRequestOptions;
}

/** The credential as JSON, as toJSON of level 3 writes it. */
function written(c: PublicKeyCredential): unknown {
  if (typeof c.toJSON === "function") return c.toJSON();
  const r = c.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response = r.attestationObject
    ? { attestationObject: text(r.attestationObject), transports: r.getTransports?.() ?? [] }
    : { authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) };
  return {
    id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment ?? undefined, clientExtensionResults: c.getClientExtensionResults(),
    response: { clientDataJSON: text(r.clientDataJSON), ...response },
  };
}
