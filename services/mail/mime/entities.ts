/** Text with the character references of HTML replaced; what is none stays. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&(?:#x([0-9a-f]{1,8})|#([0-9]{1,8})|([a-z][a-z0-9]{1,30}));?/gi, replaceEntity)
}

function replaceEntity(all: string, hex?: string, digits?: string, name?: string): string {
  if (hex !== undefined) return fromCode(Number.parseInt(hex, 16))
  if (digits !== undefined) return fromCode(Number.parseInt(digits, 10))
  if (name === undefined) return all
  const known = named.get(name) ?? named.get(name.toLowerCase())
  if (known !== undefined && all.endsWith(';')) return known
  for (let length = name.length; length > 1; length -= 1) {
    const prefix = name.slice(0, length)
    if (legacy.has(prefix))
      return `${named.get(prefix) ?? named.get(prefix.toLowerCase())}${all.slice(length + 1)}`
  }
  return all
}

/** HTML Living Standard §13.2.5.80: numbers of windows-1252 count as such. */
function fromCode(code: number): string {
  if (code >= 0x80 && code <= 0x9f) return windows1252[code - 0x80] ?? ''
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd'
  return String.fromCodePoint(code)
}

const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

/** U+00A0 to U+00FF in order. */
const latin1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute ' +
  'micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig ' +
  'Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash ' +
  'Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ' +
  'ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc ' +
  'uuml yacute thorn yuml'

/** U+0391 to U+03A9 and U+03B1 to U+03C9; U+03A2 is no letter. */
const greek =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon ' +
  'phi chi psi omega'

const others =
  'quot 22 amp 26 apos 27 lt 3c gt 3e OElig 152 oelig 153 Scaron 160 scaron 161 Yuml 178 fnof 192 circ 2c6 tilde 2dc ' +
  'ensp 2002 emsp 2003 numsp 2007 puncsp 2008 thinsp 2009 hairsp 200a zwnj 200c zwj 200d lrm 200e rlm 200f hyphen ' +
  '2010 ndash 2013 mdash 2014 horbar 2015 lsquo 2018 rsquo 2019 sbquo 201a ldquo 201c rdquo 201d bdquo 201e dagger ' +
  '2020 Dagger 2021 bull 2022 hellip 2026 permil 2030 prime 2032 Prime 2033 lsaquo 2039 rsaquo 203a oline 203e frasl ' +
  '2044 euro 20ac image 2111 weierp 2118 real 211c trade 2122 alefsym 2135 larr 2190 uarr 2191 rarr 2192 darr 2193 ' +
  'harr 2194 crarr 21b5 lArr 21d0 uArr 21d1 rArr 21d2 dArr 21d3 hArr 21d4 forall 2200 part 2202 exist 2203 empty ' +
  '2205 nabla 2207 isin 2208 notin 2209 ni 220b prod 220f sum 2211 minus 2212 lowast 2217 radic 221a prop 221d infin ' +
  '221e ang 2220 and 2227 or 2228 cap 2229 cup 222a int 222b there4 2234 sim 223c cong 2245 asymp 2248 ne 2260 equiv ' +
  '2261 le 2264 ge 2265 sub 2282 sup 2283 nsub 2284 sube 2286 supe 2287 oplus 2295 otimes 2297 perp 22a5 sdot 22c5 ' +
  'lceil 2308 rceil 2309 lfloor 230a rfloor 230b lang 27e8 rang 27e9 loz 25ca spades 2660 clubs 2663 hearts 2665 ' +
  'diams 2666 thetasym 3d1 upsih 3d2 piv 3d6 check 2713 star 2606 starf 2605 phone 260e num 23 dollar 24 percnt 25 ' +
  'lpar 28 rpar 29 ast 2a plus 2b comma 2c period 2e sol 2f colon 3a semi 3b equals 3d quest 3f commat 40 lsqb 5b ' +
  'bsol 5c rsqb 5d lowbar 5f grave 60 lcub 7b lbrace 7b verbar 7c vert 7c rcub 7d rbrace 7d excl 21 NewLine a Tab 9 ' +
  'zwsp 200b nbhy 2011'

const named = makeNamed()
/** Those that count without their semicolon. */
const legacy = new Set([
  ...latin1.split(' '),
  'quot',
  'amp',
  'lt',
  'gt',
  'QUOT',
  'AMP',
  'LT',
  'GT',
  'COPY',
  'REG',
])

function makeNamed(): Map<string, string> {
  const map = new Map<string, string>()
  for (const [index, name] of latin1.split(' ').entries()) map.set(name, String.fromCharCode(0xa0 + index))
  for (const [index, name] of greek.split(' ').entries()) {
    map.set(name, String.fromCharCode(0x3b1 + index))
    const capital = `${name[0]?.toUpperCase()}${name.slice(1)}`
    if (name !== 'sigmaf') map.set(capital, String.fromCharCode(0x391 + index))
  }
  const words = others.split(' ')
  for (let at = 0; at + 1 < words.length; at += 2) {
    map.set(words[at] as string, String.fromCodePoint(Number.parseInt(words[at + 1] as string, 16)))
  }
  return map
}
