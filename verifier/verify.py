#!/usr/bin/env python3
"""核验一份抽取证书：照 drawbridge-draw/1 从头重算，逐项比较。只用 Python 3.8 以上自带的库，不联网，不写文件。

用法：python3 -I verify.py 证书 [选项]    例：python3 -I verify.py certificate.json --eligible eligible.tsv
  对象抽取 --eligible 合格名录；人员抽取 --objects 待查企业 --forbidden 回避组合 --roster 部门=名单（每个部门一次）
  --before 上一阶段、上一轮或被更正的证书（或中止书），可多次；当时自己保存的摘要：
  --commitment-digest 承诺书 --closing-digest 结束文书 --certificate-digest 证书
每行一项：相符，不符（应为什么，实为什么），未核（没有给出什么）。退出码：0 无失败；1 有失败；2 无从核验。"""
# Read it from top to bottom. "§" is a paragraph of draw-spec.md; docs/verification.md says what each row compares.
# Where names are short: o is the id of an object, i of an inspector, g a group, t a ticket, u a uscc.
import collections, contextlib, datetime, fractions, functools, getopt, hashlib, itertools, json, math  # noqa: E401
import multiprocessing as mp, operator, os, re, signal, sys  # noqa: E401

P, Counter, moment, sha256 = "drawbridge-draw/1", collections.Counter, datetime.datetime.fromisoformat, hashlib.sha256
LIMIT, PART = 1 << 26, 1 << 12  # bytes of a document; lines of eligible.tsv at a time, a power of two: a subtree
ROWS = dict(row.split("=") for row in """form=文件形式 commitment_digest=承诺书摘要 files=冻结文件摘要 root=默克尔树根
    seals=密封值与密封一致 public=公共随机数合乎约定且晚于揭示 seed=种子 seats=各层名额 winners=抽中对象与票号
    reserves=候补 replacements=替换 stage_before=对象与上一阶段一致 teams=检查组 barred=回避组合
    assignment=匹配为字典序最先 substitutes=回避替补 seat_replacements=换人 previous=上一轮 corrects=被更正的证书
    kept_commitment=承诺书与他人保存的一致 kept_closing=结束文书与他人保存的一致
    kept_certificate=证书与他人保存的一致""".split())
class Refused(Exception): """The question cannot be put; the text says why."""
class Wrong(Exception): """Wrong(expected, found): the row that is being checked has failed."""
def need(condition, expected, found):
    if not condition: raise Wrong(expected, found)
def same(expected, found):  # of two lists it shows the first entries that differ
    pairs = zip(expected, found) if isinstance(expected, list) and isinstance(found, list) else ()
    need(expected == found, *next((pair for pair in pairs if pair[0] != pair[1]), (expected, found)))
def plain(text): return "".join(c if c.isprintable() or c == "　" else "?" for c in text)  # for a terminal
def said(text):  # what a row of the table says, for people
    text = re.sub("(?s)^FAILED: expected (.*) found ", r"不符：应为 \1，实为 ", "相符" if text == "ok" else text)
    return re.sub("^not checked: (.*) not given$", r"未核：没有给出 \1", text)
class Table(dict):  # what came out, by row: "ok", "FAILED: expected … found …" or "not checked: … not given"
    def row(self, name, check=None, *arguments, missing=""):  # what `check` returns; None if it is not made or fails
        self[name] = f"not checked: {missing} not given" if missing else "ok"
        try:
            return None if missing else check(*arguments)
        except (Refused, OSError, MemoryError): raise
        except Exception as error:
            expected, found = error.args if isinstance(error, Wrong) else ("规范所定", repr(error))
            self[name] = f"FAILED: expected {expected!s:.90} found {found!s:.90}"
# --- §1: hashes, and the bytes of a document that was read --------------------------------------------------
def h(*pieces): return sha256(b"".join(pieces)).digest()
def key(seed, label): return h(f"{P}/{label}\0".encode(), seed)  # §2, Keys
def canonical(value): return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
# --- §1, §2, §5: the form of documents. What a value may be: bytes: text that matches; a number: this one or more;
# (shape, None): it or null; [shape]: a list of any length; [shape, shape]: of two; {name: shape}: just these members;
# {bytes: shape}: members whose names match; a function: what it chooses for the value.
TEXT, ID, REASON, HEX = rb"[^\x00-\x1f\x7f]+", rb"[^\x00-\x1f\x7f]{1,64}", rb"(?s).+", rb"[0-9a-f]{64}"
TIME = rb"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}[+-]([01][0-9]|2[0-3]):[0-5][0-9]"
RATIO, DECISION = rb"1|0\.(?=0*[1-9])[0-9]{1,6}", dict(reason=REASON, decided_by=TEXT, at=TIME)
FILE, SEAT = dict(count=0, sha256=HEX), dict(object_id=ID, group=1, department=TEXT, replaced=TEXT)
CONTRIBUTOR = {"sealed": dict(id=TEXT, kind=TEXT, commitment=HEX),
               "public": dict(id=TEXT, kind=TEXT, not_before=TIME, format=TEXT, pattern=TEXT)}
PROMISE = dict(spec=P.encode(), hash=b"sha256", stage=TEXT, campaign=TEXT, round=1, previous=(HEX, None),
               reason=(REASON, None), approved_by=(TEXT, None), frozen_at=TIME, reveal_by=TIME,
               contributors=[lambda value: CONTRIBUTOR[value["kind"]]])
COMMITMENT = {
    "objects": dict(PROMISE, eligible=dict(FILE, root=HEX), ratio=RATIO, strata=[dict(name=TEXT, ratio=RATIO)]),
    "inspectors": dict(PROMISE, objects_certificate=HEX, objects=FILE, forbidden=FILE, groups=1,
                       departments=[dict(code=TEXT, team=2, roster=FILE)])}
ENDED = dict(spec=P.encode(), commitment=lambda value: COMMITMENT[value["stage"]], commitment_digest=HEX,
             contributions=[dict(id=TEXT, value=TEXT)])
DOCUMENT = {
    "objects": dict(ENDED, seed=HEX, corrects=(HEX, None), strata=[dict(name=TEXT, size=0, minimum=0, drawn=0)],
                    winners=[dict(object_id=ID, ticket=HEX, stratum=TEXT, uscc=ID)], reserves={TEXT: [ID]},
                    replacements=[dict(DECISION, object_id=ID, by=(ID, None), uscc=(ID, None), batch=1)]),
    "inspectors": dict(ENDED, seed=HEX, corrects=(HEX, None), teams={b"[1-9][0-9]*": {TEXT: [TEXT]}}, barred=[[ID, 1]],
                       assignment=[[ID, 1]], relax=0, substitutes=[dict(SEAT, by=TEXT)],
                       seat_replacements=[dict(SEAT, **DECISION, by=(TEXT, None))]),
    "abandonment": dict(ENDED, abandoned=True, withheld=[TEXT], reason=REASON, at=TIME)}

def fits(shape, value):  # nothing, or Wrong
    if isinstance(shape, tuple): return value is None or fits(shape[0], value)
    if callable(shape): shape = shape(value)
    if isinstance(shape, dict):
        for name in (name for name in shape if isinstance(name, bytes)):
            shape = {member: shape[name] for member in dict.keys(value) if not fits(name, member)}
        same(sorted(shape), sorted(value))
        for name in shape: fits(shape[name], value[name])
    elif isinstance(shape, list):
        need(type(value) is list and len(shape) in (1, len(value)), "a list", value)
        for index, entry in enumerate(value): fits(shape[index % len(shape)], entry)
    elif isinstance(shape, int):
        need(type(value) is type(shape) and shape <= value < 1 << 53, f"{shape} or more", value)
    else:
        need(re.fullmatch(shape, value.encode()) and (shape != TIME or moment(value)), shape, value)

def read_document(data, *kinds):  # row `form`: which of these kinds the document is of, and what it says
    def ordered(pairs): return dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be")))  # RFC 8785
    value = json.loads(data.decode(), object_pairs_hook=ordered, parse_int=lambda digits: int(digits[:17]))
    need(canonical(value) == data, "the RFC 8785 bytes of what it says", "other bytes")
    commitment = value["commitment"]
    kind = "abandonment" if "abandoned" in value else commitment["stage"]
    if "full" in value and kind == "inspectors":
        raise Refused("这是公开版，本程序不核验；请用核验网页 verifier/index.html 或命令 drawbridge draw verify")
    need(kind in kinds, " or ".join(kinds), kind)
    fits(DOCUMENT[kind], value)
    for member, name in (("contributors", "id"), ("strata", "name"), ("departments", "code")):
        names = [entry[name] for entry in commitment.get(member, [])]
        need(len(set(names)) == len(names) and names != commitment.get("departments"), f"{member}, each once", names)
    same(["public", "sealed"], sorted({entry["kind"] for entry in commitment["contributors"]}))
    return kind, value
# --- §2: seals and public numbers ---------------------------------------------------------------------------
def check_seals(commitment, parts):
    same([entry["id"] for entry in commitment["contributors"]], [part["id"] for part in parts])
    labels = [P + "/contribution", *(str(commitment[name]) for name in ("campaign", "stage", "round"))]
    for entry, part in zip(commitment["contributors"], parts):
        opened = h("\0".join([*labels, part["id"], part["value"]]).encode()).hex()
        same(entry.get("commitment", opened), opened)  # a public one has no commitment

def check_public(commitment, values):  # where a pattern is one, Python's regular expressions say what it stands for
    for entry in (entry for entry in commitment["contributors"] if entry["kind"] == "public"):
        revealed, published = map(moment, (commitment["reveal_by"], entry["not_before"]))
        need(revealed < published, f"later than {revealed}", published)
        pattern, value = entry["pattern"], values[entry["id"]]
        fine = re.fullmatch(r"\^(\[0-9]|[0-9 ()]|\{[1-9][0-9]{0,3}})+\$", pattern[:1 << 16]) and "()" not in pattern
        fine = fine and re.fullmatch("[0-9]+( [0-9]+)*", value[:4097]) and len(value) <= 4096
        need(fine and len(pattern) < 1 << 16 and re.fullmatch(pattern, value), pattern, value)
# --- §3: stage `objects` ------------------------------------------------------------------------------------
def merkle_root(level):  # RFC 9162 §2.1.1 from the hashes of the leaves: pair by pair, an odd last one goes up as it is
    while len(level) > 1:
        odd = level[len(level) // 2 * 2:]
        level = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2])] + odd
    return level[0] if level else h()

def read_part(work):  # of PART lines: first and last id, sizes, Merkle root, whose ticket is within the stratum's bound
    part, prefix, bounds = work
    cells = part[:-1].replace(b"\n", b"\t").split(b"\t")
    ids, strata, usccs, sizes = cells[0::3], cells[1::3], cells[2::3], Counter(cells[1::3])
    marks = part.translate(None, bytes(set(range(256)) - set(b"\t\n")))
    fine = marks == b"\t\t\n" * (len(marks) // 3) and part[-1:] == b"\n" and b"" not in cells and b"\r" not in part
    fine = fine and part.decode() and max(map(len, ids + usccs)) <= 64 and all(map(operator.lt, ids, ids[1:]))
    need(fine and sizes.keys() <= bounds.keys(), "sorted lines as §1 and §2 say, strata as listed", f"{part[:64]!r}…")
    tickets = [sha256(prefix + name).digest() for name in ids]
    low = [n for n, (stratum, ticket) in enumerate(zip(strata, tickets)) if ticket <= bounds[stratum]]
    leaves = [sha256(line).digest() for line in (b"\0" + part[:-1].replace(b"\n", b"\n\0")).split(b"\n")]
    return ids[0], ids[-1], sizes, merkle_root(leaves), [(strata[n], tickets[n], ids[n], usccs[n]) for n in low]

def read_list(file, prefix, keep):  # {count, sha256, root}, sizes, the `keep` lowest (ticket, id, uscc) of each stratum
    bounds, lowest, last = dict.fromkeys(keep, b"\xff" * 32), {name: [] for name in keep}, b""
    sizes, digest, roots, large = Counter(), sha256(), [], file.seek(0, os.SEEK_END) > 1 << 23
    def parts():
        file.seek(0)
        lines = iter(functools.partial(file.readline, 4096), b"")  # a longer line comes in pieces
        for part in iter(lambda: b"".join(itertools.islice(lines, PART)), b""):
            digest.update(part)
            yield part, prefix, dict(bounds)  # bounds only fall: an old one lets too many through, never too few
    with mp.Pool(None, signal.signal, (signal.SIGINT, signal.SIG_IGN)) if large else contextlib.nullcontext() as pool:
        for first, end, more, root, low in (pool.imap if large else map)(read_part, parts()):
            need(last < first, "lines in order of their ids", first)
            last, sizes, roots = end, sizes + more, [*roots, root]
            for entry in low: lowest[entry[0]].append(entry[1:])
            for name in (name for name in keep if len(lowest[name]) > 2 * keep[name] + PART):
                lowest[name] = sorted(lowest[name])[:keep[name]]
                bounds[name] = lowest[name][-1][0]
    facts = {"count": sum(sizes.values()), "sha256": digest.hexdigest(), "root": merkle_root(roots).hex()}
    kept = {name.decode(): [(t.hex(), o.decode(), u.decode()) for t, o, u in sorted(lowest[name])] for name in keep}
    return facts, {name.decode(): sizes[name] for name in keep}, kept

def seats(commitment, sizes):  # §3.2
    claims = {s["name"]: fractions.Fraction(s["ratio"]) * sizes[s["name"]] for s in commitment["strata"]}
    minimum = {name: math.ceil(claims[name]) for name in claims}
    drawn, total = dict(minimum), math.ceil(fractions.Fraction(commitment["ratio"]) * sum(sizes.values()))
    need(total < 1 << 20, "no more than a certificate of 64 MiB can list", total)
    for _ in range(total - sum(minimum.values())):
        left = (name for name in claims if drawn[name] < sizes[name])  # in the order listed, the first of equals
        drawn[max(left, key=lambda name: claims[name] / drawn[name])] += 1
    return [{"name": name, "size": sizes[name], "minimum": minimum[name], "drawn": drawn[name]} for name in claims]

def replace(objections, winners, reserves, prefix, used):  # §3.4; `used`: how many reserves each stratum gave
    standing = {w["object_id"]: (0, w["stratum"]) for w in winners}  # since which batch, and for which stratum
    result, unused = [], {stratum: entries[::-1] for stratum, entries in reserves.items()}
    same(sorted(entry["batch"] for entry in objections), [entry["batch"] for entry in objections])
    for entry in sorted(objections, key=lambda entry: (entry["batch"], h(prefix, entry["object_id"].encode()))):
        since, stratum = standing.pop(entry["object_id"], (entry["batch"], None))
        need(since < entry["batch"], "objects that stand, each once", entry["object_id"])
        source = unused[stratum] or min(filter(None, unused.values()), key=lambda left: left[-1], default=None)
        _, by, uscc = source.pop() if source else (None, None, None)
        standing[by] = (entry["batch"], stratum)
        result.append({**entry, "by": by, "uscc": uscc})
    used.update({stratum: len(reserves[stratum]) - len(unused[stratum]) for stratum in reserves})
    same(result, objections)

def check_objects(table, certificate, seed, files):  # §3, whole
    commitment, strata, winners = certificate["commitment"], certificate["strata"], certificate["winners"]
    prefix, used, claimed = key(seed, "object"), Counter(), Counter(w["stratum"] for w in winners)
    spare, eligible = max(10, len(certificate["replacements"])), files.get("eligible")
    for row in ("files", "root", "seats", "winners", "reserves", "replacements"): table.row(row, missing="--eligible")
    keep = {s["name"].encode(): claimed[s["name"]] + spare for s in commitment["strata"]}
    facts, sizes, lowest = (eligible and table.row("files", read_list, eligible, prefix, keep)) or ({}, {}, {})
    if facts:
        table.row("root", same, commitment["eligible"]["root"], facts["root"])
        table.row("files", same, {**commitment["eligible"], "root": facts["root"]}, facts)
    if table["files"] != "ok":  # then the certificate can only contradict itself
        count, sizes = commitment["eligible"]["count"], {s["name"]: s["size"] for s in strata}
        table.row("seats", lambda: same([*seats(commitment, sizes), count], [*strata, sum(sizes.values())]))
        found = [(w["ticket"], w["object_id"]) for w in winners]
        again = sorted({(h(prefix, name.encode()).hex(), name) for _, name in found})
        table.row("winners", same, [*again, +Counter({s["name"]: s["drawn"] for s in strata})], [*found, claimed])
        return table.update({row: table["reserves"] for row in ("seats", "winners") if table[row] == "ok"})  # nor these
    again = table.row("seats", seats, commitment, sizes)
    if again is None: return None
    if any(s["drawn"] > claimed[s["name"]] for s in again):  # the certificate has too few: read once more
        lowest = read_list(eligible, prefix, {s["name"].encode(): s["drawn"] + spare for s in again})[2]
    drawn = sorted((t, o, s["name"], u) for s in again for t, o, u in lowest[s["name"]][:s["drawn"]])
    drawn = [{"object_id": o, "ticket": t, "stratum": stratum, "uscc": u} for t, o, stratum, u in drawn]
    reserves = {s["name"]: lowest[s["name"]][s["drawn"]:] for s in again}
    table.row("seats", same, again, strata)
    table.row("winners", same, drawn, winners)
    table.row("replacements", replace, certificate["replacements"], drawn, reserves, prefix, used)
    shown = {name: [o for _, o, _ in entries[:max(10, used[name])]] for name, entries in reserves.items()}
    table.row("reserves", same, shown, certificate["reserves"])
# --- §4: stage `inspectors` ---------------------------------------------------------------------------------
def read_rows(data, columns, facts, salted=True):  # the lines of a list, without its salt, that is the committed one
    *lines, end = data.decode().split("\n")
    rows = [line.split("\t") for line in lines[salted:]]
    ids = [row[:2] for row in rows]
    fine = re.fullmatch(b"salt\t" + HEX, lines[0].encode()) if salted else max(map(len, data.split(b"\n"))) <= 64
    fine = fine and not end and b"\r" not in data and all(len(row) == columns and all(row) for row in rows)
    need(fine and all(map(operator.lt, ids, ids[1:])), "sorted lines as §1 and §2 say", "others")
    same(facts, {"count": len(rows), "sha256": h(data).hex()})
    return rows

def read_frozen(commitment, files):  # §2, Freeze: the objects, the forbidden pairs, the rosters by department
    objects, rosters = [row[0] for row in read_rows(files["objects"], 1, commitment["objects"], salted=False)], {}
    pairs = {(row[0], row[1]) for row in read_rows(files["forbidden"], 3, commitment["forbidden"])}
    for d in commitment["departments"]:
        roster = rosters[d["code"]] = [row[0] for row in read_rows(files["roster-" + d["code"]], 1, d["roster"])]
        able = min([len(roster) // commitment["groups"], *(sum((o, i) not in pairs for i in roster) for o in objects)])
        need(able >= d["team"], f"{d['team']} of {d['code']} for each group and each object", able)
    people = [i for roster in rosters.values() for i in roster]
    known = {o for o, _ in pairs} <= set(objects) and {i for _, i in pairs} <= set(people)
    need(known and len(set(people)) == len(people), "pairs of those listed, nobody in two rosters", "others")
    return objects, pairs, rosters

def ranked(seed, label, names, before=""):  # the names in order of H(key(label) ‖ before ‖ name), then of the name
    prefix = key(seed, label) + before.encode()
    return sorted(names, key=lambda name: (h(prefix, name.encode()), name))

def shift(lists, at, low, high, start, goal, first=0):
    """Move objects, from the `first` on, each to another group of its list, so that in the end group `start` has one
    less and group `goal` one more; False if no chain of moves does it. Breadth first. Group 0 stands for all others: it
    takes one from any group with more than `low` objects and gives one to any with less than `high`."""
    load, came, queue = Counter(at), {start: None}, [start]
    for group in queue:  # it grows while it is walked
        moves = {g: i for i in range(first, len(at)) if at[i] == group for g in lists[i]}
        if group == 0: moves = {g: None for g in load if load[g] > low}
        elif load[group] < high: moves[0] = None
        came.update({g: (group, i) for g, i in moves.items() if g not in came})
        queue += list(came)[len(queue):]
    while goal in came and goal != start:  # back along the chain
        group, i = came[goal]
        if i is not None: at[i] = goal
        goal = group
    return goal == start

def match(lists, groups):  # §4.3: the groups of the objects that have these lists, and `relax`
    for relax in itertools.count():
        low, high = max(0, len(lists) // len(groups) - relax), -(-len(lists) // len(groups)) + relax
        at = [choices[0] for choices in lists]
        for g in groups:
            while at.count(g) > high and shift(lists, at, low, high, g, 0): pass
            while at.count(g) < low and shift(lists, at, low, high, 0, g): pass
        if all(low <= at.count(g) <= high for g in groups): break
    for i, choices in enumerate(lists):  # the loads fit; now the best group for each that leaves the rest possible
        at[i] = next(g for g in choices if g == at[i] or shift(lists, at, low, high, g, at[i], i + 1))
    return at, relax

def check_inspectors(table, certificate, seed, files):  # §4, whole
    sizes = {d["code"]: d["team"] for d in certificate["commitment"]["departments"]}
    needed = ["objects", "forbidden", *("roster-" + code for code in sizes)]
    absent = ", ".join("--" + name.replace("-", " ", 1) for name in needed if name not in files)
    for row in ("teams", "barred", "assignment", "substitutes", "seat_replacements"):
        table.row(row, missing=absent or "files as committed")
    frozen = table.row("files", read_frozen, certificate["commitment"], files, missing=absent)
    if not frozen: return
    (listed, pairs, rosters), groups = frozen, range(1, certificate["commitment"]["groups"] + 1)
    order = {code: ranked(seed, "inspector/" + code, rosters[code]) for code in sizes}
    teams = {str(g): {code: order[code][(g - 1) * s:g * s] for code, s in sizes.items()} for g in groups}
    members = {g: [i for ids in teams[str(g)].values() for i in ids] for g in groups}
    objects = ranked(seed, "object", listed)
    lists = {o: [int(g) for g in ranked(seed, "pair", map(str, groups), o + "\0")] for o in objects}
    barred = {o: [g for g in groups if any((o, i) in pairs for i in members[g])] for o in objects}
    free = [o for o in objects if len(barred[o]) < len(groups)]
    at, relax = match([[g for g in lists[o] if g not in barred[o]] for o in free], groups)
    goes = {**{o: lists[o][0] for o in objects}, **dict(zip(free, at))}  # §4.4: where all are barred, the first
    visits = {o: {code: list(ids) for code, ids in teams[str(goes[o])].items()} for o in objects}  # who stands now
    def taken(seat):  # §4.4, §4.5: the seat with who takes it; from now on the team stands so
        o, code, left = seat["object_id"], seat["department"], seat["replaced"]
        need(goes.get(o) == seat["group"] and left in visits[o][code], "somebody on the team of the visit", (o, left))
        able = [i for i in rosters[code] if i not in visits[o][code] and (o, i) not in pairs]
        by = next(iter(ranked(seed, "seat/" + code, able, o + "\0")), None)
        visits[o][code][visits[o][code].index(left)] = by
        pairs.add((o, left))  # nor may this one come back
        return {**seat, "by": by}
    first = [{"object_id": o, "group": goes[o], "department": code, "replaced": i} for o in objects
             if len(barred[o]) == len(groups) for code in sizes for i in teams[str(goes[o])][code] if (o, i) in pairs]
    table.row("teams", same, teams, certificate["teams"])
    table.row("barred", same, [[o, g] for o in objects for g in barred[o]], certificate["barred"])
    table.row("assignment", same, [*map(list, goes.items()), relax], [*certificate["assignment"], certificate["relax"]])
    for row, decided in (("substitutes", first), ("seat_replacements", certificate["seat_replacements"])):
        table.row(row, lambda seats, found: same([taken(seat) for seat in seats], found), decided, certificate[row])
# --- Documents before, what others kept, and the whole ------------------------------------------------------
def check_before(certificate, old):  # §2, `objects_certificate`
    commitment, other = certificate["commitment"], old.get(certificate["commitment"]["objects_certificate"])
    need(other, commitment["objects_certificate"], list(old))
    standing = {entry["object_id"]: entry["uscc"] for entry in other["winners"]}
    for entry in other["replacements"]: standing.update({entry["object_id"]: None, entry["by"]: entry["uscc"]})
    objects = sorted(set(standing.values()) - {None})
    same(commitment["campaign"], other["commitment"]["campaign"])
    same(commitment["objects"], {"count": len(objects), "sha256": h("".join(o + "\n" for o in objects).encode()).hex()})
    same(objects, sorted(o for o, _ in certificate["assignment"]))

def check_previous(this, earlier):  # §2, `previous`: of this commitment, among the documents of other rounds
    same([this["round"] > 1] * 3, [this[name] is not None for name in ("previous", "reason", "approved_by")])
    rounds = [(own, other["commitment"]["campaign"], other["commitment"]["round"]) for own, other in earlier.items()]
    link = (this["previous"], this["campaign"], this["round"] - 1)
    need(this["round"] == 1 or not rounds or link in rounds, link, rounds)

def check_corrects(certificate, ours):  # §5, `corrects`
    other = ours.get(certificate["corrects"], {})
    need("seed" in other, certificate["corrects"], list(ours))
    same(other["commitment"], certificate["commitment"])
    name = "replacements" if "winners" in certificate else "seat_replacements"
    if other["seed"] == certificate["seed"]: same(other[name], certificate[name][:len(other[name])])

def check_all(table, stage, certificate, files, before):  # the other rows; digests that others may have kept
    commitment, parts, corrects = certificate["commitment"], certificate["contributions"], certificate["corrects"]
    ours, old = {}, {}  # the documents before, by digest: of this stage, certificates of the stage before
    for other in before:
        kind, document = table.row("form", read_document, other, *DOCUMENT) or ("", None)
        if not document or (stage, kind) == ("objects", "inspectors"): raise Refused("--before 无用：" + table["form"])
        if document["commitment"]["stage"] == stage: ours[h(other).hex()] = document
        elif kind == "objects": old[h(other).hex()] = document
    if any((name == "eligible") == (stage == "inspectors") for name in files): raise Refused("给出了另一阶段的文件")
    digest = h(canonical(commitment))
    seed = h(f"{P}/seed\0".encode(), digest, *(h(part["value"].encode()) for part in parts))  # §2, Seed
    table.row("commitment_digest", same, digest.hex(), certificate["commitment_digest"])
    table.row("seals", check_seals, commitment, parts)
    table.row("public", check_public, commitment, {part["id"]: part["value"] for part in parts})
    table.row("seed", same, seed.hex(), certificate["seed"])
    (check_objects if stage == "objects" else check_inspectors)(table, certificate, seed, files)
    if stage == "inspectors": table.row("stage_before", check_before, certificate, old, missing=not old and "--before")
    earlier = {own: other for own, other in ours.items() if own != corrects}
    table.row("previous", check_previous, commitment, earlier)
    if commitment["round"] > 1 and not earlier and table["previous"] == "ok": table.row("previous", missing="--before")
    if corrects: table.row("corrects", check_corrects, certificate, ours, missing=not ours and "--before")
    sealed = [entry["id"] for entry in commitment["contributors"] if entry["kind"] == "sealed"]
    closing = dict(commitment_digest=digest.hex(), contributions=[p for p in parts if p["id"] in sealed], spec=P)
    return {"commitment": digest.hex(), "closing": h(canonical(closing)).hex()}

def check(data, files, before, kept):
    """The table of a certificate. `files`: "eligible", open for reading, and the bytes of "objects", "forbidden" and
    "roster-<code>"; `kept`: digests by "commitment", "closing" and "certificate". Raises Refused."""
    table, found = Table(), {"certificate": h(data).hex()}
    form = table.row("form", read_document, data, "objects", "inspectors")
    if form: found.update(check_all(table, *form, files, before))
    for name in found:
        table.row("kept_" + name, same, kept.get(name), found[name], missing=name not in kept and f"--{name}-digest")
    return table

def read(path):
    with open(path, "rb") as file: data = file.read(LIMIT + 1)
    if len(data) > LIMIT: raise Refused(f"{path} 大于 {LIMIT >> 20} MiB，不予读取")
    return data

def main(arguments):
    names = "eligible= objects= forbidden= roster= before= commitment-digest= closing-digest= certificate-digest= help"
    options, paths = getopt.gnu_getopt(arguments, "h", names.split())
    if {"-h", "--help"} & {name for name, _ in options}: return print(__doc__) or 0
    if len(paths) != 1: raise Refused("请给出一份证书；用法见 --help")
    files, before, kept, data = {}, [], {}, read(paths[0])
    for name, value in options:
        if name == "--before": before.append(read(value))
        elif name == "--roster": files["roster-" + value.partition("=")[0]] = read(value.partition("=")[2])
        elif name in ("--objects", "--forbidden"): files[name[2:]] = read(value)
        elif name == "--eligible" and os.path.isfile(value): files["eligible"] = open(value, "rb")
        elif name.endswith("-digest") and re.fullmatch(HEX, value.encode()): kept[name[2:-7]] = value
        else: raise Refused(f"{name} 不能是 {value}（名录应是文件，摘要应是 64 位小写十六进制数字）")
    table = check(data, files, before, kept)
    lines = [f"{r:<18}{ROWS[r]}{'　' * (15 - len(ROWS[r]))}{said(table[r])}" for r in ROWS if r in table] + [""]
    lines += [f"未核验：{ROWS[row]}，未给出 {table[row][13:-10]}" for row in ROWS if table.get(row, "")[:3] == "not"]
    certificate = json.loads(data) if table["form"] == "ok" else {"commitment": {"contributors": []}}
    for e in (entry for entry in certificate["commitment"]["contributors"] if entry["kind"] == "public"):
        values = [part["value"] for part in certificate["contributions"] if part["id"] == e["id"]]
        lines.append(f"请自行核对：{e['id']}（{e['not_before']} 公布；{e['format']}）的号码是否为 {'、'.join(values)}")
    failed = "、".join(ROWS[row] for row in ROWS if table.get(row, "").startswith("FAILED"))
    lines += ["理由、决定人、决定时间不由计算得出，只能凭 --certificate-digest 核对。",
              "结论：不符：" + failed if failed else "结论：已核验的各项均与证书一致。"]
    print("\n".join(map(plain, lines)), flush=True)
    return 2 if table["form"] != "ok" else 1 if failed else 0

if __name__ == "__main__":
    try:
        sys.stdout.reconfigure(errors="backslashreplace")
        sys.exit(main(sys.argv[1:]))
    except (Refused, OSError, MemoryError, getopt.GetoptError, KeyboardInterrupt) as error:
        sys.exit(print(plain(f"无法核验：{error or type(error).__name__}"), file=sys.stderr) or 2)
