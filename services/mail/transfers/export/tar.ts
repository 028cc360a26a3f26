/** A tar as it is written: POSIX.1-2001 pax. */

const block = 512
/** What twelve octets of the header hold in octal. */
const largest = 8 ** 11

/** Before a file's content. */
export function tarHeader(name: string, sizeBytes: number, modifiedAt: Date): Buffer {
  const seconds = Math.floor(modifiedAt.getTime() / 1000)
  const needsPax = Buffer.byteLength(name) > 100 || sizeBytes >= largest || /[^ -~]/.test(name)
  const own = header(name, Math.min(sizeBytes, largest - 1), seconds, '0')
  if (!needsPax) return own
  const fields = Buffer.concat([paxField('path', name), paxField('size', String(sizeBytes))])
  return Buffer.concat([header('pax', fields.length, seconds, 'x'), fields, padding(fields.length), own])
}

/** Behind a file's content. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((block - (sizeBytes % block)) % block)
}

export const tarEnd = Buffer.alloc(2 * block)

function header(name: string, sizeBytes: number, seconds: number, type: string): Buffer {
  const bytes = Buffer.alloc(block)
  bytes.write(name.replaceAll(/[^ -~]/g, '_').slice(-100), 0, 'latin1')
  const octal = (value: number, at: number, length: number) =>
    bytes.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(sizeBytes, 124, 12)
  octal(seconds, 136, 12)
  bytes.fill(0x20, 148, 156)
  bytes.write(type, 156, 'latin1')
  bytes.write('ustar\x0000', 257, 'latin1')
  const sum = bytes.reduce((total, octet) => total + octet, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

/** Its length counts itself. */
function paxField(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + 1
  while (String(length).length + rest !== length) length = String(length).length + rest
  return Buffer.from(`${length} ${key}=${value}\n`)
}
