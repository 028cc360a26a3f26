import { isAscii, isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'

/**
 * Text of bytes in a character set as mail names it. What is not declared, not known or not true is read as
 * UTF-8 where it is valid UTF-8, else as windows-1252. NUL is left out: databases refuse it in text.
 */
export function decodeText(bytes: Uint8Array, charset: string | undefined): string {
  const text = decodeAny(bytes, charset)
  return text.includes('\0') ? text.replaceAll('\0', '') : text
}

export function isKnownCharset(charset: string): boolean {
  return decoderOf(charset) !== undefined
}

/** What a string of at most `limit` UTF-16 units begins with, never half a character. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text
  const last = text.charCodeAt(limit - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit)
}

export function viewBytes(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function decodeAny(bytes: Uint8Array, charset: string | undefined): string {
  const decoder = charset === undefined ? 'guess' : (decoderOf(charset) ?? 'guess')
  const buffer = viewBytes(bytes)
  if (typeof decoder !== 'string') return decoder.decode(bytes)
  if (isAscii(buffer)) return buffer.toString('latin1')
  if (decoder === 'utf-8' || isUtf8(buffer)) return withoutMark(buffer.toString('utf8'))
  return decodeWindows1252(buffer)
}

type Decoder = TextDecoder | 'utf-8' | 'guess'

const decoders = new Map<string, Decoder | undefined>()

function decoderOf(charset: string): Decoder | undefined {
  const label = charset.toLowerCase()
  if (decoders.has(label)) return decoders.get(label)
  const decoder = makeDecoder(label)
  if (decoders.size < 500) decoders.set(label, decoder)
  return decoder
}

function makeDecoder(label: string): Decoder | undefined {
  const name = aliases[label] ?? label
  if (guessed.has(name)) return 'guess'
  try {
    const decoder = new TextDecoder(name)
    if (decoder.encoding === 'utf-8') return 'utf-8'
    return decoder.encoding === 'windows-1252' ? 'guess' : decoder
  } catch {
    return undefined
  }
}

/** Declared so by habit, whatever the text is. */
const guessed = new Set([
  'us-ascii',
  'ascii',
  'iso-8859-1',
  'latin1',
  'windows-1252',
  '',
  '8bit',
  'unknown-8bit',
])

const aliases: Record<string, string> = Object.assign(Object.create(null) as object, {
  'ansi_x3.4-1968': 'us-ascii',
  '646': 'us-ascii',
  'x-unknown': 'unknown-8bit',
  default: 'unknown-8bit',
  default_charset: 'unknown-8bit',
  'x-user-defined': 'unknown-8bit',
  'latin-1': 'iso-8859-1',
  utf8mb4: 'utf-8',
  utf: 'utf-8',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  cp950: 'big5',
  'win-1251': 'windows-1251',
  koi8: 'koi8-r',
  'cp-850': 'unknown-8bit',
  cp850: 'unknown-8bit',
  'iso-8859-1-windows-3.1-latin-1': 'windows-1252',
})

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** 0x80–0x9f of windows-1252 by the WHATWG Encoding Standard; the rest is Latin-1. */
const upper =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\u0080-\u009f]/g, (character) => upper[character.charCodeAt(0) - 0x80] ?? character)
}
