#!/usr/bin/env python3
"""verify.py checks an Assay package without Assay: a second verifier, in another language.

    python3 verify.py PACKAGE.zip [--key VKEY] [--checkpoint OLD]...
    python3 verify.py --proof FILE --key VKEY --line RECORD
    python3 verify.py --proof FILE --key VKEY --checkpoint OLD

It needs Python 3.8 and nothing else. Read it before you rely on it, or take it from a source
that you trust: a package that was changed could hold a changed verify.py. It believes, in this
order, the key, the signature of `checkpoint`, the root of the tree and so every record and the
seal, then `manifest.json` and every other entry. It recounts no results and reads no time
stamps or witnesses; assay-verify does.

VKEY is the organization's key, NAME+HASH+BASE64, or a file that holds it; without it the key in
the package is used. OLD is a checkpoint that you kept, or an earlier package. FILE is a C2SP
tlog-proof of the record whose line of ledger/records-NNNNNN.txt is the text or file RECORD, or
a proof that OLD is a prefix: "old SIZE", hashes, an empty line, a checkpoint (C2SP tlog-witness).

Exit: 0 all is as sealed; 3 something is not, and it is named; 2 a file or argument is unreadable.
"""
import argparse, base64, binascii, collections, functools, hashlib, io, json, os, re, sys, zipfile, zlib


class Fault(Exception):
    """Something is not as it was sealed: `place: what`."""


def need(holds, what):
    if not holds:
        raise Fault(what)


def sha256(data):
    return hashlib.sha256(data).digest()


# Ed25519 (RFC 8032, section 5.1): points are (X, Y, Z, T) with x = X/Z, y = Y/Z and xy = T/Z.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p, n = add(p, p), n >> 1
    return out


def point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - xx) % P == 0 and not (x == 0 and sign), "key: not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point(bytes.fromhex("58" + "66" * 31))


def signed_by(public, signature, message):
    x, y, z, t = point(public)
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    s = int.from_bytes(signature[32:], "little")
    x, y, z, _ = add(times(s, BASE), times(k, (P - x, y, z, P - t)))  # R = sB - kA
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return s < L and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# Texts, of which each has one spelling only.

NUMBER = rb"(0|[1-9][0-9]{0,17})"


def unbase64(text, size, place):
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    need(len(raw) == size and base64.b64encode(raw) == text, place + ": not the base64 of %d bytes in its one spelling" % size)
    return raw


def read_key(text):
    """A verifier key NAME+HASH+BASE64: its name, four bytes that recognize it, the Ed25519 key."""
    m = re.fullmatch(rb"([^+\s]+)\+([0-9a-f]{8})\+(\S+)", text)
    need(m, "key: expected NAME+HASH+BASE64")
    raw = unbase64(m[3], 33, "key")
    mark = sha256(m[1] + b"\n" + raw)[:4]
    need(raw[0] == 1 and mark.hex().encode() == m[2], "key: not an Ed25519 key, or not its own hash")
    return m[1], mark, raw[1:]


@functools.lru_cache(maxsize=4096)
def read_checkpoint(note, key, place):
    """A checkpoint (C2SP tlog-checkpoint) that the key signed: the size and root of the tree."""
    m = re.fullmatch(rb"(([^\n]+)\n" + NUMBER + rb"\n([^\n]+)\n)\n\xe2\x80\x94 ([^ \n]+) ([^\n]+)\n", note)
    need(m, place + ": not a checkpoint: expected origin, size, root, an empty line and one signature")
    name, mark, public = key
    need(m[2] == name == m[5], place + ": it is of another ledger than the key")
    root, signature = unbase64(m[4], 32, place), unbase64(m[6], 68, place)
    need(signature[:4] == mark and signed_by(public, signature[4:], m[1]), place + ": the signature is not by the key of this ledger")
    return int(m[3]), root


def read_hashes(lines, place):
    need(len(lines) <= 63, place + ": more hashes than any tree has levels")
    return [unbase64(h, 32, place) for h in lines]


def read_proof(text, key, place):
    """A C2SP tlog-proof: an index, the hashes beside its path, size and root."""
    head, _, note = text.partition(b"\n\n")
    lines = head.split(b"\n")
    m = re.fullmatch(rb"index " + NUMBER, lines[1]) if len(lines) > 1 else None
    need(m and lines[0] == b"c2sp.org/tlog-proof@v1", place + ": not a tlog-proof")
    return (int(m[1]), read_hashes(lines[2:], place)) + read_checkpoint(note, key, place)


RECORD = re.compile(rb"(?:([0-9a-f]{32}) (\{.*\})|- ([0-9a-f]{64}))\n")


def read_line(line, place):
    """A record's line: its leaf, and the record, or None once its content was erased."""
    m = RECORD.fullmatch(line)
    need(m, place + ": the line is not `SALT RECORD` or `- COMMITMENT` in lower-case hex")
    commitment = bytes.fromhex(m[3].decode()) if m[3] else sha256(b"assay record v1\n" + bytes.fromhex(m[1].decode()) + m[2])
    return sha256(b"\0\1\1" + commitment), m[2]


def read_json(text, place):
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    need(isinstance(value, dict), place + ": not a JSON object")
    return value


# The tree (RFC 6962), with the checks of proofs as RFC 9162 writes them.


def node(left, right):
    return sha256(b"\1" + left + right)


def roots(leaves, sizes):
    """The root of the first n leaves for each n of sizes, as far as there are leaves."""
    found, stack = {0: sha256(b"")}, []
    for size, leaf in enumerate(leaves, 1):
        stack.append(leaf)
        n = size
        while n % 2 == 0:  # two complete trees of one width make one of twice the width
            right = stack.pop()
            stack[-1], n = node(stack[-1], right), n // 2
        if size in sizes:
            found[size] = functools.reduce(lambda right, left: node(left, right), reversed(stack))
    return found


def check_inclusion(leaf, index, path, size, root, place):
    """RFC 9162, section 2.1.3.2: the leaf of that index is in the tree of that size and root."""
    need(index < size, place + ": there is no record #%d in a ledger of %d" % (index, size))
    fn, sn, r = index, size - 1, leaf
    for h in path:
        need(sn, place + ": too many hashes")
        if fn % 2 or fn == sn:
            r = node(h, r)
            while fn % 2 == 0 and fn:
                fn, sn = fn // 2, sn // 2
        else:
            r = node(r, h)
        fn, sn = fn // 2, sn // 2
    need(sn == 0 and r == root, place + ": does not prove record #%d" % index)


def check_consistency(old, old_root, path, size, root, place):
    """RFC 9162, section 2.1.4.2: the tree of the old size is a prefix of the tree of this size."""
    need(0 < old <= size, place + ": a ledger of %d is no continuation of one of %d" % (size, old))
    if old == size:
        return need(not path and root == old_root, place + ": two histories of one size")
    path = path if old & (old - 1) else [old_root] + path
    need(path, place + ": too few hashes")
    fn, sn, fr, sr = old - 1, size - 1, path[0], path[0]
    while fn % 2:
        fn, sn = fn // 2, sn // 2
    for h in path[1:]:
        need(sn, place + ": too many hashes")
        if fn % 2 or fn == sn:
            fr, sr = node(h, fr), node(h, sr)
            while fn % 2 == 0 and fn:
                fn, sn = fn // 2, sn // 2
        else:
            sr = node(sr, h)
        fn, sn = fn // 2, sn // 2
    need(sn == 0 and fr == old_root and sr == root, place + ": does not prove that the ledger of %d grew out of that of %d" % (size, old))


def check_proof(text, key, line, old, place="the proof"):
    """A proof by itself: of the record with that line, or that the checkpoint old is a prefix."""
    if text.startswith(b"old "):
        head, _, note = text.partition(b"\n\n")
        lines = head.split(b"\n")
        m = re.fullmatch(b"old " + NUMBER, lines[0])
        need(m, place + ": expected `old SIZE`")
        before, after = read_checkpoint(old, key, "the old checkpoint"), read_checkpoint(note, key, place)
        need(int(m[1]) == before[0], place + ": it starts from another size than the checkpoint you hold")
        check_consistency(*before, read_hashes(lines[1:], place), *after, place)
    else:
        index, path, size, root = read_proof(text, key, place)
        check_inclusion(read_line(line, "the line")[0], index, path, size, root, place)


def span(first, end):
    """The records from the first up to the one before the end."""
    return "#%d" % first if end == first + 1 else "records #%d to #%d" % (first, end - 1)


class Package:
    """The entries of the zip, and the leaves and names of its records as they now read."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.names = collections.Counter(self.zip.namelist())
        for name, count in self.names.items():
            plain = re.fullmatch(r"[A-Za-z0-9._/-]+", name) and not {"", ".", ".."} & set(name.split("/"))
            need(plain, ascii(name) + ": the name is not that of a file inside the package")
            need(count == 1, name + ": two entries of one name")

    def read(self, name):
        need(name in self.names, name + ": is missing")
        try:
            return self.zip.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as e:
            raise Fault("%s: cannot be read: %s" % (name, e))

    def records(self):
        """For each line of the ledger in order: its place, its leaf, and the record in it or None."""
        index = 0
        for n in range(len(self.names)):
            name = "ledger/records-%06d.txt" % n
            if name in self.names:
                for i, line in enumerate(io.BytesIO(self.read(name)), 1):
                    place = "#%d (%s:%d)" % (index, name, i)
                    yield (place,) + read_line(line, place)
                    index += 1

    def seal(self):
        line = self.read("seal")
        leaf, record = read_line(line, "seal")
        need(record, "seal: it has no content")
        return leaf, read_json(record, "seal")


def check_manifest(p):
    """The manifest is the one that the seal names. Returns what it says of each entry."""
    text, (_, seal) = p.read("manifest.json"), p.seal()
    need(seal.get("register") == "assay.packages" and isinstance(seal.get("body"), dict), "seal: not a record of assay.packages")
    need(seal["body"].get("manifest") == sha256(text).hex(), "manifest.json: is not the one that was sealed")
    m = read_json(text, "manifest.json")
    need(m.get("format") == "assay-package/1", "manifest.json: this program reads assay-package/1")
    return {e["name"]: e for e in m["entries"]}


def check_entry(p, name, listed):
    need(name in p.names, name + ": is missing; the manifest lists it")
    text = p.read(name)
    need(len(text) == listed["bytes"], "%s: has %d bytes; %d were sealed" % (name, len(text), listed["bytes"]))
    need(sha256(text).hex() == listed["sha256"], name + ": was changed since it was sealed")
    return text


def tiles(p, listed):
    """The leaf hashes as they stood when the package was made, by which a changed record is found."""
    out = {}
    for name in p.names:
        m = re.fullmatch(r"ledger/tiles/0/((?:x[0-9]{3}/)*)([0-9]{3})(\.p/[0-9]+)?", name)
        if m and name in listed:
            out[int(re.sub("[x/]", "", m[1]) + m[2])] = check_entry(p, name, listed[name])
    return b"".join(out[n] for n in sorted(out))


def check_records(p, sealed):
    """Every line is the record that was sealed there. Returns the leaves and the records' names."""
    leaves, names, erased, listed, last = [], [], {}, set(), ""
    for place, leaf, record in p.records():
        index, name = len(leaves), ""
        if record is None:
            erased[index] = place
        else:
            r = read_json(record, place)
            name = ascii("%s/%s@%s" % (r.get("register"), r.get("key"), r.get("version")))[1:-1]
            received = str(r.get("received")).rstrip("Z")
        place = (name + " " + place).strip()
        need(sealed[32 * index : 32 * index + 32] == leaf, place + ": is not the record that was sealed here")
        if record is not None:
            need(received >= last, place + ": received before a record that stands before it")
            last = received
            if r["register"] == "assay.erasures":
                listed |= set(r["body"].get("indexes") or [])
        leaves.append(leaf)
        names.append(name)
    need(32 * len(leaves) == len(sealed), span(len(leaves), len(sealed) // 32) + ": missing")
    for index, place in erased.items():
        need(index in listed, place + ": its content is withheld, but no record of an erasure lists it")
    return leaves, names


def read_held(path, key):
    """A file of checkpoints, or an earlier package: for each checkpoint the leaves that are known."""
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as f:
            return [(path, c, []) for c in read_checkpoints(f.read(), key, path)]
    try:
        p = Package(path)
        leaves = [leaf for _, leaf, _ in p.records()] + [p.seal()[0]]
        size, root = read_checkpoint(p.read("checkpoint"), key, "checkpoint")
        need(roots(leaves, {size}).get(size) == root, "its records do not lead to its own checkpoint; give the checkpoint alone")
    except Fault as e:
        raise Fault("%s, which you hold: %s" % (path, e))
    return [(path, (size, root), leaves)]


def read_checkpoints(text, key, place):
    """Checkpoints with an empty line between two."""
    notes = re.split(rb"(?<=\n)\n(?!\xe2\x80\x94 )", text) if text else []
    return [read_checkpoint(n, key, "%s: checkpoint %d" % (place, i)) for i, n in enumerate(notes, 1)]


def check_package(path, given, held):
    p = Package(path)
    text = p.read("key")
    key = read_key(text[:-1])
    need(text.endswith(b"\n") and given in (None, text[:-1]), "key: is not the key you gave: the package is signed by another key, or for another ledger")
    listed = check_manifest(p)
    need("key" in listed and check_entry(p, "key", listed["key"]), "key: was not sealed")
    last = read_checkpoint(p.read("checkpoint"), key, "checkpoint")
    leaves, names = check_records(p, tiles(p, listed))
    tree, names = leaves + [p.seal()[0]], names + ["seal"]
    need(last[0] == len(tree), "checkpoint: is of a ledger of %d records; the package holds %d with its seal" % (last[0], len(tree)))

    name, earlier, agreed = "ledger/checkpoints.txt", [], 0
    if name in p.names:
        earlier = read_checkpoints(p.read(name), key, name)
    kept = sorted((k for file in held for k in read_held(file, key)), key=lambda k: k[1][0])
    proofs = {n: read_proof(p.read(n), key, n) for n in p.names if n.startswith("proofs/")}
    found = roots(tree, {c[0] for c in earlier + [last]} | {c[0] for _, c, _ in kept} | {x[2] for x in proofs.values()})
    for size, root in earlier + [last]:
        if found.get(size) != root:
            need(agreed != len(leaves), "seal: is not the record that the checkpoint covers")
            raise Fault("%s: changed after the checkpoint of size %d was signed" % (span(agreed, size), size))
        agreed = size

    for name in listed:
        check_entry(p, name, listed[name])
    for name in p.names:
        need(name in listed or name in ("manifest.json", "seal", "checkpoint"), name + ": was added: the manifest does not list it")
    for name, (index, hashes, size, root) in proofs.items():
        need(found.get(size) == root, name + ": its checkpoint is not of this ledger")
        need(index < len(tree) and name == "proofs/%s/%d.tlog-proof" % ((names[index] or name[7:]).split("/")[0], index), name + ": is not of that record")
        check_inclusion(tree[index], index, hashes, size, root, name)

    agreed = 0
    for file, (size, root), old in kept:
        need(size <= len(tree), "%s: missing: the ledger is smaller than the checkpoint you hold (%s)" % (span(len(tree), size), file))
        if found[size] != root:
            changed = [i for i, (a, b) in enumerate(zip(old, tree)) if a != b][:1]
            place = "%s #%d" % (names[changed[0]], changed[0]) if changed else span(agreed, size)
            raise Fault("%s: this is another history than that of the checkpoint you hold (%s, size %d)" % (place, file, size))
        agreed = size
    print("VERIFIED  %s\n\n  ledger       %s\n  records      %d, root %s" % (path, key[0].decode(), len(leaves), last[1].hex()))
    print("  entries      %d\n  proofs       %d\n  checkpoints  %d in the package, %d that you hold" % (len(p.names), len(proofs), len(earlier), len(kept)))
    print("  key          %s (%s)" % (sha256(text).hex(), "given by you" if given else "came with the package, NOT confirmed"))
    print("  unanchored   the %d records after the newest checkpoint that you hold" % max(0, len(leaves) - agreed))
    print("\nKeep this checkpoint, for the next package to be held against:\n\n" + p.read("checkpoint").decode(), end="")


def content(argument):
    """The bytes of a file of that name, else the argument itself."""
    if os.path.isfile(argument):
        with open(argument, "rb") as f:
            return f.read()
    return argument.encode() + b"\n"


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip(), add_help=False)
    parser.add_argument("package", nargs="?")
    for flag in ("--key", "--proof", "--line"):
        parser.add_argument(flag)
    parser.add_argument("--checkpoint", action="append", default=[])
    a = parser.parse_args()
    given = content(a.key).rstrip(b"\n") if a.key else None
    try:
        key = read_key(given) if given else None
    except Fault as e:
        parser.error("--%s" % e)
    try:
        if a.package and not a.proof:
            check_package(a.package, given, a.checkpoint)
        elif a.proof and given and len(a.checkpoint) + (a.line is not None) == 1:
            old = b"".join(content(f) for f in a.checkpoint)
            check_proof(content(a.proof), key, content(a.line or ""), old)
            print("VERIFIED  " + a.proof)
        else:
            parser.error("expected PACKAGE.zip, or --proof with --key and either --line or --checkpoint")
    except Fault as e:
        print("CHANGED\n\n  at fault: %s" % e)
        return 3
    except (OSError, zipfile.BadZipFile) as e:
        print("verify.py: %s" % e, file=sys.stderr)
        return 2
    except Exception as e:  # a shape that no check above foresaw is not that of a package
        print("CHANGED\n\n  at fault: the package: not of the form that FORMAT.md describes: %r" % e)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
