import { Piece, h, plural, t } from "./base";

/** <assay-stale>: two versions of an edit, each a <pre> or a <dl>; words that only one has are marked by sign, by word and by colour. */
export class Stale extends Piece {
  protected override start(): void {
    const [a, b] = this.querySelectorAll<HTMLElement>("pre, dl");
    if (!a || !b || this.dataset.compared !== undefined) return;
    this.dataset.compared = "";
    let n = 0;
    if (a.matches("dl")) {
      const theirs = pairs(b);
      const mine = pairs(a);
      for (const [name, dd] of mine) n += compare(dd, theirs.get(name));
      for (const [name, dd] of theirs) if (!mine.has(name)) n += compare(undefined, dd);
    } else {
      n = compare(a, b);
    }
    this.prepend(h("p", { class: "as-count" }, n ? plural(n, "{n} difference, marked in both versions.", "{n} differences, marked in both versions.") : t("The two versions are the same.")));
  }
}

function pairs(list: HTMLElement): Map<string, HTMLElement> {
  const all = new Map<string, HTMLElement>();
  for (const dt of list.querySelectorAll("dt")) {
    const dd = dt.nextElementSibling;
    if (dd instanceof HTMLElement) all.set(dt.textContent?.trim() ?? "", dd);
  }
  return all;
}

/** Marks the differences in both places and returns how many there are. */
function compare(a: HTMLElement | undefined, b: HTMLElement | undefined): number {
  const left: Node[] = [], right: Node[] = [];
  let n = 0;
  for (const [kept, gone, come] of diff(words(a), words(b))) {
    if (kept) {
      left.push(document.createTextNode(kept));
      right.push(document.createTextNode(kept));
    }
    if (gone || come) n++;
    if (gone) left.push(marked("del", t("only here:"), gone));
    if (come) right.push(marked("ins", t("only here:"), come));
  }
  a?.replaceChildren(...left);
  b?.replaceChildren(...right);
  return n;
}

const marked = (tag: "del" | "ins", word: string, text: string): Node => h(tag, {}, h("span", { class: "visually-hidden" }, ` ${word} `), text);

const words = (e: HTMLElement | undefined): string[] => e?.textContent?.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];

const FAR = 1500; // more edits than this are told as one: a comparison nobody reads must not stop the page

/** Runs of [kept, only in a, only in b], in order: Myers' O(ND) after cutting what both begin and end with. */
export function diff(a: string[], b: string[]): [string, string, string][] {
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = path(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const runs: [string, string, string][] = [[a.slice(0, head).join(""), "", ""]];
  for (const [kept, gone, come] of [...middle, [a.slice(a.length - tail).join(""), "", ""] as const]) {
    const last = runs[runs.length - 1] as [string, string, string];
    if (kept && (last[1] || last[2])) runs.push([kept, gone, come]);
    else {
      last[0] += kept;
      last[1] += gone;
      last[2] += come;
    }
  }
  return runs.filter((r) => r.some(Boolean));
}

function path(a: string[], b: string[]): [string, string, string][] {
  const far = Math.min(FAR, a.length + b.length), shift = far + 1;
  const v = new Int32Array(2 * far + 3), trace: Int32Array[] = [];
  for (let d = 0; d <= far; d++) {
    trace.push(v.slice(shift - d - 1, shift + d + 2)); // the only part that this round reads
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || k !== d && at(v, shift + k - 1) < at(v, shift + k + 1) ? at(v, shift + k + 1) : at(v, shift + k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      v[shift + k] = x;
      if (x >= a.length && x - k >= b.length) return back(a, b, trace);
    }
  }
  return [["", a.join(""), b.join("")]];
}

const at = (v: Int32Array, i: number): number => v[i] ?? 0;

/** Walks the trace from the end to the start. */
function back(a: string[], b: string[], trace: Int32Array[]): [string, string, string][] {
  const steps: [string, string, string][] = [];
  let x = a.length, y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const v = trace[d] as Int32Array, mid = d + 1, k = x - y;
    const from = k === -d || k !== d && at(v, mid + k - 1) < at(v, mid + k + 1) ? k + 1 : k - 1;
    const px = d ? at(v, mid + from) : 0, py = d ? px - from : 0;
    for (; x > px && y > py; x--, y--) steps.push([a[x - 1] ?? "", "", ""]);
    if (d && x > px) steps.push(["", a[--x] ?? "", ""]);
    else if (d) steps.push(["", "", b[--y] ?? ""]);
  }
  return steps.reverse();
}
