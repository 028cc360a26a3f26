/** The bytes of a message as they leave: clean lines, signed, in a form that the next server takes. */
import { Readable } from 'node:stream'
import type { Blobs } from '#platform/blobs/blobs.ts'
import { readMessage } from '../mime/parse.ts'
import type { SubmissionRow } from '../store/submissions.ts'
import { withCleanLines } from './client/stuffing.ts'
import { toSevenBit } from './seven-bit.ts'

export interface ContentFacts {
  sizeBytes: number
  /** Header fields in UTF-8: RFC 6532. */
  hasEightBitHeader: boolean
  hasEightBitBody: boolean
  /** RFC 5322 §2.1.1: more than 998 octets. */
  hasLongLine: boolean
}

export interface Content extends ContentFacts {
  /** The message without what is put before it. */
  open(): AsyncIterable<Buffer>
}

/** Gives header fields with CRLF, empty where there is nothing to sign with. */
export type Sign = (message: {
  submissionId: string
  accountId: string | null
  sender: string
  open: () => Readable
}) => Promise<string>

type Stored = SubmissionRow & { blob: string }

/** What stands in the blob, in 7-bit form where a line of it is too long to travel. */
export async function contentOf(blobs: Pick<Blobs, 'get'>, submission: Stored): Promise<Content> {
  const plain = await examined(() => withCleanLines(readBlob(blobs, submission.blob)))
  return plain.hasLongLine ? sevenBitContent(blobs, submission) : plain
}

/** It may still be 8-bit: what is signed by its author is not changed. */
export async function sevenBitContent(blobs: Pick<Blobs, 'get'>, { blob }: Stored): Promise<Content> {
  const { structure, sizeBytes } = await readMessage(readBlob(blobs, blob))
  const read = (start: number, end: number) => readBlob(blobs, blob, { start, end })
  return examined(() => withCleanLines(toSevenBit(read, structure, sizeBytes)))
}

export async function signatureOf(
  sign: Sign | undefined,
  submission: Stored,
  content: Content,
): Promise<string> {
  if (!sign) return ''
  const { id, accountId, sender } = submission
  return sign({ submissionId: id, accountId, sender, open: () => Readable.from(content.open()) })
}

export async function* readBlob(
  blobs: Pick<Blobs, 'get'>,
  id: string,
  range?: { start: number; end: number },
): AsyncGenerator<Buffer> {
  if (range && range.end <= range.start) return
  const stream = await blobs.get(id, range)
  if (!stream) throw new Error(`blob ${id} is not there`)
  yield* stream as AsyncIterable<Buffer>
}

async function examined(open: () => AsyncIterable<Buffer>): Promise<Content> {
  const facts = { sizeBytes: 0, hasEightBitHeader: false, hasEightBitBody: false, hasLongLine: false }
  let isHeader = true
  let lineBytes = 0
  for await (const chunk of open()) {
    facts.sizeBytes += chunk.length
    let start = 0
    for (let end = chunk.indexOf(10); ; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end === -1 ? chunk.length : end)
      if (hasEightBit(line)) facts[isHeader ? 'hasEightBitHeader' : 'hasEightBitBody'] = true
      lineBytes += line.length
      if (lineBytes > 999) facts.hasLongLine = true // With its CR.
      if (end === -1) break
      if (lineBytes <= 1) isHeader = false
      lineBytes = 0
      start = end + 1
    }
  }
  return { ...facts, open }
}

function hasEightBit(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! > 127) return true
  return false
}
