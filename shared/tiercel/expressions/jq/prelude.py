"""The built-in functions of jq that are written in jq.

Promise: read once, when the first program runs.
"""

PRELUDE = r"""
def select(f): if f then . else empty end;
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def recurse(f): ., (f | recurse(f));
def recurse(f; cond): ., (f | select(cond) | recurse(f; cond));
def recurse: recurse(.[]?);
def recurse_down: recurse;
def del(f): delpaths([path(f)]);
def with_entries(f): to_entries | map(f) | from_entries;
def paths: path(recurse) | select(length > 0);
def paths(f): path(recurse | select(f)) | select(length > 0);
def leaf_paths: paths(scalars);
def pick(f): . as $whole | reduce path(f) as $p (null; setpath($p; $whole | getpath($p)));
def any(f): isempty(.[] | f | select(.)) | not;
def all(f): isempty(.[] | f | not | select(.));
def any(source; f): isempty(source | f | select(.)) | not;
def all(source; f): isempty(source | f | not | select(.));
def in(xs): . as $x | xs | has($x);
def add(f): reduce f as $x (null; . + $x);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations(n): . as $dot | [range(n)] | map($dot) | combinations;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def ascii: [.] | implode;
def match($re): _match($re; null) | .[];
def match($re; $flags): _match($re; $flags) | .[];
def capture($re): capture($re; null);
def capture($re; $flags):
  match($re; $flags) | [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def scan($re): _scan($re; null) | .[];
def scan($re; $flags): _scan($re; $flags) | .[];
def splits($re): split($re; null) | .[];
def splits($re; $flags): split($re; $flags) | .[];
def sub($re; text; $flags): . as $in
  | (reduce _match($re; $flags)[] as $edit ({at: 0, made: []};
      ($edit | [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries | [text]) as $new
      | .made += [$in[.at:$edit.offset], ($new[0] // "")] | .at = $edit.offset + $edit.length))
  | (.made | join("")) + $in[.at:];
def sub($re; text): sub($re; text; "");
def gsub($re; text): sub($re; text; "g");
def gsub($re; text; $flags): sub($re; text; $flags + "g");
def IN(source): any(source == .; .);
def IN(source; other): any(source == other; .);
def INDEX(source; f): reduce source as $row ({}; .[$row | f | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def have_literal_numbers: true;
def have_decnum: false;
def significand: if . == 0 then 0 else . / pow(2; (fabs | log2 | floor)) end;
"""
