/** Replies of a server: RFC 5321 §4.2, with enhanced codes of RFC 2034. */
export interface Reply {
  code: number
  /** RFC 3463, such as `5.1.1`; undefined where the server gives none. */
  status: string | undefined
  /** Each line's text, without the codes. */
  lines: string[]
}

/** RFC 5321 §4.5.3.1.5 says 512 octets a line; this bounds a whole reply. */
const maxReplyBytes = 64 * 1024

/** Puts lines together to replies. Throws where a server says what is no reply, or never comes to an end. */
export function replyParser(): { push(bytes: Buffer): Reply[]; readonly isEmpty: boolean } {
  let rest: Buffer = Buffer.alloc(0)
  let lines: { code: number; text: string }[] = []
  let bytesOfReply = 0
  return {
    push(bytes) {
      const replies: Reply[] = []
      let start = 0
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, start)) {
        bytesOfReply += end + 1 - start
        const line = readLine(all.subarray(start, end))
        start = end + 1
        lines.push(line)
        checkLength(bytesOfReply)
        if (!line.isLast) continue
        replies.push(replyOf(lines))
        lines = []
        bytesOfReply = 0
      }
      rest = all.subarray(start)
      checkLength(bytesOfReply + rest.length)
      return replies
    },
    get isEmpty() {
      return rest.length === 0 && lines.length === 0
    },
  }
}

/** As it stands in traces and reports: `550 5.1.1 No such user`. */
export function replyText({ code, lines, status }: Reply): string {
  const text = lines.join(' ').slice(0, 1000)
  return [code, status, text].filter((part) => part !== undefined && part !== '').join(' ')
}

/** The server's, or a general one of its class. */
export function statusOf({ code, status }: Reply): string {
  return status ?? `${Math.floor(code / 100)}.0.0`
}

function checkLength(bytes: number): void {
  if (bytes > maxReplyBytes) throw new Error('the reply does not end')
}

function readLine(line: Buffer): { code: number; text: string; isLast: boolean } {
  const text = line.toString('utf8').trimEnd()
  const match = /^([2-5]\d\d)([ -]|$)/.exec(text)
  if (!match) throw new Error(`this is no SMTP reply: ${printable(text).slice(0, 100)}`)
  return { code: Number(match[1]), text: printable(text.slice(4)), isLast: match[2] !== '-' }
}

function replyOf(lines: readonly { code: number; text: string }[]): Reply {
  const { code } = lines.at(-1)!
  const status = new RegExp(`^${Math.floor(code / 100)}\\.\\d{1,3}\\.\\d{1,3}(?= |$)`).exec(
    lines[0]!.text,
  )?.[0]
  const texts = lines.map(({ text }) =>
    status !== undefined && text.startsWith(status) ? text.slice(status.length).trimStart() : text,
  )
  return { code, status, lines: texts }
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').toWellFormed()
}
