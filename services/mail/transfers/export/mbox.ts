/** A message as it stands in an mbox: mboxrd, which every reader can undo. */

const newline = 0x0a
const quote = 0x3e
const word = Buffer.from('From ')
const quoteMark = Buffer.from('>')
const blankLine = Buffer.from('\n')

/** `From sender date`, in UTC. */
export function fromLine(sender: string, receivedAt: Date): Buffer {
  const [day, date, month, year, time] = receivedAt.toUTCString().replace(',', '').split(' ')
  const address = /^[!-~]{1,320}$/.test(sender) ? sender : 'MAILER-DAEMON'
  return Buffer.from(`From ${address} ${day} ${month} ${date} ${time} ${year}\n`)
}

/** With what separates it from the next one. */
export async function* mboxEntry(line: Buffer, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield line
  let held: Buffer = Buffer.alloc(0)
  let startsLine = true
  let endsLine = true
  for await (const chunk of content) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const end = readyEnd(bytes)
    yield* quoted(bytes.subarray(0, end), startsLine)
    if (end > 0) startsLine = bytes[end - 1] === newline
    held = bytes.subarray(end)
    endsLine = bytes.at(-1) === newline
  }
  yield* quoted(held, startsLine)
  yield endsLine ? blankLine : Buffer.from('\n\n')
}

/** What is behind may be the start of a line that has to be quoted. */
function readyEnd(bytes: Buffer): number {
  const last = bytes.lastIndexOf(newline) + 1
  const length = bytes.length - last
  if (length > 1_000) return bytes.length
  let at = last
  while (bytes[at] === quote) at++
  return word.subarray(0, bytes.length - at).equals(bytes.subarray(at, at + word.length))
    ? last
    : bytes.length
}

function* quoted(bytes: Buffer, startsLine: boolean): Generator<Buffer> {
  let done = 0
  for (let found = bytes.indexOf(word); found >= 0; found = bytes.indexOf(word, found + 1)) {
    let first = found
    while (first > 0 && bytes[first - 1] === quote && found - first < 999) first--
    if (first === 0 ? !startsLine : bytes[first - 1] !== newline) continue
    if (first > done) yield bytes.subarray(done, first)
    yield quoteMark
    done = first
  }
  if (done < bytes.length) yield bytes.subarray(done)
}
