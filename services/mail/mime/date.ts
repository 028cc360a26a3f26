import { withoutComments } from './parameters.ts'

/**
 * When a Date header says it was: RFC 5322 §3.3 and §4.3, and the forms programs write instead
 * (`2024-01-31 10:11:12 +0600`, `Wed Jan 31 10:11:12 2024`, no seconds, no zone, zone with colon).
 */
export function parseDate(value: string): Date | undefined {
  if (value.length > 1_000) return undefined
  const words = withoutComments(value)
    .replaceAll(',', ' ')
    .replaceAll(/\s*:\s*/g, ':')
    .split(/\s+/)
  const found: Found = {}
  for (const word of words) readWord(found, word)
  const { day, month, year, time } = found
  if (day === undefined || month === undefined || year === undefined) return undefined
  const [hour = 0, minute = 0, second = 0] = time ?? []
  if (day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  if (date.getUTCMonth() !== month) return undefined // The 31st of a month that has none.
  date.setUTCHours(hour, minute, Math.min(second, 59))
  const at = date.getTime() - (found.zoneMinutes ?? 0) * 60_000
  return at < earliest || at > latest ? undefined : new Date(at)
}

/** Postgres and JavaScript both hold these; no mail is older than 1969. */
const earliest = Date.UTC(1960, 0, 1)
const latest = Date.UTC(9000, 0, 1)

interface Found {
  day?: number
  month?: number
  year?: number
  time?: number[]
  zoneMinutes?: number
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 5322 §4.3; an unknown zone says nothing and counts as UTC. */
const zones: Record<string, number> = {
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  cet: 60,
  cest: 120,
  met: 60,
  mest: 120,
  bst: 60,
  ist: 330,
  jst: 540,
  eet: 120,
  eest: 180,
  msk: 180,
}

function readWord(found: Found, word: string): void {
  const lower = word.toLowerCase()
  if (lower === 'pm' && found.time && (found.time[0] ?? 12) < 12) found.time[0] = (found.time[0] ?? 0) + 12
  const month = months.indexOf(lower.slice(0, 3))
  if (month >= 0 && /^[a-z]+\.?$/.test(lower)) found.month ??= month
  else if (/^\d{1,2}([:.]\d{1,2}){1,2}(\.\d+)?(z|am|pm)?$/.test(lower)) found.time ??= readTime(lower)
  else if (/^[+-]\d{1,2}:?\d{2}$/.test(lower) && found.time) found.zoneMinutes ??= readZone(lower)
  else if (/^\d{1,4}$/.test(lower)) readNumber(found, lower)
  else if (/^\d{1,2}-[a-z]{3}-\d{2,4}$/.test(lower))
    for (const piece of lower.split('-')) readWord(found, piece)
  else readIso(found, lower)
}

function readIso(found: Found, word: string): void {
  const iso =
    /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:t(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(z|[+-]\d\d:?\d\d)?)?$/.exec(word)
  if (iso && found.year === undefined) {
    found.year = Number(iso[1])
    found.month = Number(iso[2]) - 1
    found.day = Number(iso[3])
    if (iso[4]) found.time = readTime(iso[4])
    if (iso[5]?.startsWith('+') || iso[5]?.startsWith('-')) found.zoneMinutes = readZone(iso[5])
    return
  }
  const offset = /^(?:gmt|utc)([+-]\d{1,2}:?\d{2})$/.exec(word)?.[1]
  if (offset) found.zoneMinutes ??= readZone(offset)
  else if (found.time && Object.hasOwn(zones, word)) found.zoneMinutes ??= zones[word] ?? 0
}

function readNumber(found: Found, digits: string): void {
  const number = Number(digits)
  if (found.day === undefined && digits.length <= 2) found.day = number
  else if (found.year === undefined && digits.length >= 2) found.year = fullYear(number, digits.length)
  else if (found.time && digits.length === 4) found.zoneMinutes ??= readZone(`+${digits}`)
}

/** RFC 5322 §4.3: 00–49 is 2000–2049; two and three digits else count from 1900, and so does 0102. */
function fullYear(year: number, digits: number): number {
  if (digits >= 4 && year >= 200) return year
  return digits === 2 && year < 50 ? 2000 + year : 1900 + year
}

function readTime(word: string): number[] {
  const [hour = 0, minute = 0, second = 0] = word.split(/[:.]/).map((piece) => Number.parseInt(piece, 10))
  if (word.endsWith('pm') && hour < 12) return [hour + 12, minute, second]
  return [word.endsWith('am') && hour === 12 ? 0 : hour, minute, second]
}

/** More than a day is no zone. */
function readZone(word: string): number {
  const digits = word.slice(1).replace(':', '').padStart(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  if (minutes >= 1_440) return 0
  return word.startsWith('-') ? -minutes : minutes
}
