/** What kind of file it is, told by its first octets. */
import { createGunzip } from 'node:zlib'
import { isTar } from './tar.ts'

const contents = ['mbox', 'message', 'tar'] as const
type Content = (typeof contents)[number]
/** `tar+gzip` and so on are packed as a whole. */
export type Format = Content | 'zip' | `${Content}+gzip`

/** At least so many octets are needed, or the whole file. */
export const headBytes = 4096

export async function detectFormat(head: Buffer): Promise<Format | undefined> {
  if (head.length > 4 && head.readUInt32LE(0) === 0x04034b50) return 'zip'
  if (head[0] !== 0x1f || head[1] !== 0x8b) return detectContent(head)
  const content = detectContent(await unpackedHead(head))
  return content && `${content}+gzip`
}

/** Of the start of a file that is not packed. */
export function detectContent(head: Buffer): Content | undefined {
  if (isTar(head)) return 'tar'
  const text = head.toString('latin1', 0, 2_000)
  if (/^(?:\u00ef\u00bb\u00bf)?[\r\n]{0,10}From \S/.test(text)) return 'mbox'
  return isHeader(text) ? 'message' : undefined
}

/** A first line that is a field, of a name that mail has or with another field behind it. */
function isHeader(text: string): boolean {
  const [first = '', ...others] = text.split(/\r?\n/, 30)
  const field = /^[!-9;-~]{1,76}:(?:[ \t]|$)/
  if (!field.test(first)) return false
  const second = others.find((line) => !/^[ \t]/.test(line))
  return second !== undefined && (second === '' || field.test(second)) && isMail.test(text)
}

const isMail =
  /^(?:from|to|date|subject|received|return-path|delivered-to|message-id|mime-version|x-[!-9;-~]{1,60}):/im

function unpackedHead(packed: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const unpacker = createGunzip({ chunkSize: headBytes })
    const finish = (head: Buffer) => {
      unpacker.destroy()
      resolve(head)
    }
    unpacker.once('data', finish)
    unpacker.once('error', () => finish(Buffer.alloc(0)))
    unpacker.once('end', () => finish(Buffer.alloc(0)))
    unpacker.write(packed)
  })
}
