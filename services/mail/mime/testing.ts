import assert from 'node:assert/strict'
import type { Part } from './message.ts'
import { findPart } from './structure.ts'

/** A message of lines, ended by CRLF. */
export function message(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'))
}

/** The body of a part as it stands. */
export function slice(bytes: Buffer, part: Part): string {
  return bytes.toString('utf8', part.start, part.end)
}

/** Parts lie in order within the part around them, and every number leads back to its part. */
export function checkOffsets(bytes: Buffer, structure: Part): void {
  const numbers = new Set<string>()
  const visit = (part: Part, from: number, to: number): void => {
    assert.ok(from <= part.headerStart && part.headerStart <= part.start, `start of ${part.number}`)
    assert.ok(part.start <= part.end && part.end <= to, `end of ${part.number}`)
    assert.ok(!numbers.has(part.number), `${part.number} twice`)
    assert.equal(findPart(structure, part.number), part)
    numbers.add(part.number)
    let at = part.start
    for (const child of part.parts ?? []) {
      visit(child, at, part.end)
      at = child.end
    }
    if (part.message) visit(part.message.part, part.start, part.end)
  }
  visit(structure, 0, bytes.length)
  assert.equal(structure.end, bytes.length)
}

/** In chunks that are overwritten, as a socket's may be. */
export async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size) yield chunk.subarray(0, bytes.copy(chunk, 0, at, at + size))
}

/** Alternatives, a picture and an enclosed message. */
export const nested = message(
  'From: Rahima Khatun <rahima@example.org>',
  'To: team@example.org',
  'Subject: =?utf-8?Q?Caf=C3=A9?=',
  'Message-ID: <one@example.org>',
  'In-Reply-To: <zero@example.org>',
  'References: <minus@example.org> <zero@example.org>',
  'Date: Wed, 31 Jan 2024 10:11:12 +0600',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary="outer-inner"',
  '',
  '--outer-inner',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Tea at the caf=C3=A9 =',
  'tomorrow?',
  '',
  'On Tue, Karim wrote:',
  '> old words',
  '-- ',
  'Rahima',
  '--outer-inner  ',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Tea at the <b>café</b></p><img src="cid:map@example.org">',
  '--outer-inner--',
  '--outer',
  'Content-Type: image/png; name="map.png"',
  'Content-Transfer-Encoding: base64',
  'Content-ID: <map@example.org>',
  'Content-Disposition: inline; filename="map.png"',
  '',
  'AAAA',
  'AAA=',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'From: karim@example.org',
  'Subject: Enclosed',
  'Content-Type: multipart/mixed; boundary=deep',
  '',
  '--deep',
  '',
  'within',
  '--deep--',
  '--outer--',
  'epilogue',
  '',
)
