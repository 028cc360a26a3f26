const lineFeed = 10
const carriageReturn = 13
const dot = 46
const newLine = Buffer.from('\r\n')
const extraDot = Buffer.from('.')

/**
 * Lines end with CR LF whatever they ended with: a bare CR or LF is where servers disagree on what the end of a message
 * is. NUL, which RFC 5321 §4.5.2 forbids, is left out. The last line ends too.
 */
export async function* withCleanLines(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let wasReturn = false
  let atLineStart = true
  for await (const chunk of source) {
    if (chunk.length === 0) continue
    if (!wasReturn && isClean(chunk)) {
      atLineStart = chunk.at(-1) === lineFeed
      yield chunk
      continue
    }
    const clean = Buffer.concat(cleaned(chunk, wasReturn))
    wasReturn = chunk.at(-1) === carriageReturn
    if (clean.length > 0) atLineStart = clean.at(-1) === lineFeed
    yield clean
  }
  if (wasReturn || !atLineStart) yield newLine
}

/** Every LF stands behind a CR, every CR before an LF, and nothing is cut between them. */
function isClean(chunk: Buffer): boolean {
  let at = 0
  for (;;) {
    const feed = chunk.indexOf(lineFeed, at)
    const turn = chunk.indexOf(carriageReturn, at)
    if (feed === -1 && turn === -1) return chunk.indexOf(0) === -1
    if (turn === -1 || feed !== turn + 1) return false
    at = feed + 1
  }
}

/** `wasReturn`: a CR stood at the end of the chunk before, and is still to be written. */
function cleaned(chunk: Buffer, wasReturn: boolean): Buffer[] {
  const pieces: Buffer[] = wasReturn ? [newLine] : []
  let start = wasReturn && chunk[0] === lineFeed ? 1 : 0
  for (let at = start; at < chunk.length; at++) {
    const byte = chunk[at]!
    if (byte !== lineFeed && byte !== carriageReturn && byte !== 0) continue
    pieces.push(chunk.subarray(start, at))
    start = at + 1
    if (byte === 0 || (byte === carriageReturn && start === chunk.length)) continue
    if (byte === carriageReturn && chunk[start] === lineFeed) {
      at++
      start++
    }
    pieces.push(newLine)
  }
  pieces.push(chunk.subarray(start))
  return pieces
}

/** RFC 5321 §4.5.2: a line that begins with a dot gets one more. Lines end with CR LF. */
export async function* withDots(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let atLineStart = true
  for await (const chunk of source) {
    const pieces: Buffer[] = []
    let start = 0
    if (atLineStart && chunk[0] === dot) pieces.push(extraDot)
    for (let at = chunk.indexOf('\n.'); at !== -1; at = chunk.indexOf('\n.', at + 1)) {
      pieces.push(chunk.subarray(start, at + 1), extraDot)
      start = at + 1
    }
    if (chunk.length > 0) atLineStart = chunk.at(-1) === lineFeed
    yield pieces.length === 0 ? chunk : Buffer.concat([...pieces, chunk.subarray(start)])
  }
}
