/** Reads a CSV file as rows by the names in its head. */
import type { Readable } from 'node:stream'
import { parse, type CsvError, type InfoRecord } from 'csv-parse'
import type { Blobs } from '#platform/blobs/blobs.ts'

export interface Row {
  /** Of the file, from 1; of a row over several, the last. */
  line: number
  /** Trimmed; what is empty is left out. */
  fields: Readonly<Record<string, string>>
}

export interface BrokenRow {
  line: number
  message: string
}

/** So many bytes hold the head. */
const headBytes = 65_536
/** In one row; more is a quote that was not closed. */
const mostCharacters = 1_000_000

/**
 * UTF-8, or UTF-16 with a byte order mark; fields are parted by `,`, `;` or tabs, whichever the head has most of. What
 * is no row is given as broken, and the rows after it are read. Undefined without an upload.
 */
export async function readTable(
  uploads: Pick<Blobs, 'get'>,
  blob: string,
): Promise<AsyncIterable<Row | BrokenRow> | undefined> {
  const head = await uploads.get(blob, { start: 0, end: headBytes })
  const content = head && (await uploads.get(blob))
  return content && rowsOf(content, delimiterOf(await firstLine(head)))
}

async function* rowsOf(content: Readable, delimiter: string): AsyncGenerator<Row | BrokenRow> {
  const broken: BrokenRow[] = []
  const parser = parse({
    bom: true,
    delimiter,
    columns: (names: string[]) => names.map(columnOf),
    info: true,
    trim: true,
    skip_empty_lines: true,
    relax_quotes: true,
    skip_records_with_error: true,
    max_record_size: mostCharacters,
    on_skip: (error) => void broken.push(brokenRow(error!)),
  })
  content.on('error', (error) => parser.destroy(error)).pipe(parser)
  for await (const { info, record } of parser as AsyncIterable<Parsed>) {
    yield* broken.splice(0)
    yield { line: info.lines, fields: filled(record) }
  }
  yield* broken
}

interface Parsed {
  info: InfoRecord
  record: Record<string, string>
}

/** `\N` and `NULL` are how databases write that there is nothing. */
function filled(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== '' && value !== '\\N' && value !== 'NULL'),
  )
}

/** `First Name` is `first_name`. */
function columnOf(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
}

function brokenRow({ code, lines }: CsvError & { lines?: number }): BrokenRow {
  return { line: lines ?? 0, message: reasons[code] ?? 'is no row of CSV' }
}

const reasons: Partial<Record<CsvError['code'], string>> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'has not as many fields as the head',
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'has not as many fields as the head',
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is not closed',
  CSV_MAX_RECORD_SIZE: 'is too long',
}

function delimiterOf(head: string): string {
  const counts = [',', ';', '\t'].map((sign) => ({ sign, count: head.split(sign).length }))
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).sign
}

async function firstLine(head: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of head) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return bytes.toString(isUtf16 ? 'utf16le' : 'utf8').split(/\r?\n/)[0] ?? ''
}
