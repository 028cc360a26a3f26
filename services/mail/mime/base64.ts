/** RFC 2045 §6.8: what is not of the alphabet is passed over, and text may go on behind padding. */
export function decodeBase64(bytes: Uint8Array): Buffer {
  const decoder = createBase64Decoder()
  const head = decoder.write(bytes)
  const tail = decoder.end()
  return tail.length > 0 ? Buffer.concat([head, tail]) : head
}

export function createBase64Decoder() {
  let bits = 0
  let held = 0 // How many characters of a group of four `bits` holds.
  return {
    write(bytes: Uint8Array): Buffer {
      const out = Buffer.allocUnsafe(((bytes.length + held) >> 2) * 3 + 3 + bytes.length)
      let length = 0
      for (let at = 0; at < bytes.length; at += 1) {
        const value = values[bytes[at] as number] as number
        if (value < 64) {
          bits = (bits << 6) | value
          held += 1
          if (held === 4) {
            out[length++] = (bits >> 16) & 255
            out[length++] = (bits >> 8) & 255
            out[length++] = bits & 255
            bits = held = 0
          }
        } else if (value === padding && held > 0) {
          length = writeRest(out, length, bits, held)
          bits = held = 0
        }
      }
      return out.subarray(0, length)
    },
    end(): Buffer {
      const out = Buffer.alloc(2)
      return out.subarray(0, writeRest(out, 0, bits, held))
    },
  }
}

function writeRest(out: Buffer, length: number, bits: number, held: number): number {
  if (held === 2) out[length++] = (bits >> 4) & 255
  if (held === 3) {
    out[length++] = (bits >> 10) & 255
    out[length++] = (bits >> 2) & 255
  }
  return length
}

const padding = 64
const values = makeValues()

function makeValues(): Uint8Array {
  const table = new Uint8Array(256).fill(65)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  for (let index = 0; index < 64; index += 1) table[alphabet.charCodeAt(index)] = index
  table[0x3d] = padding
  return table
}
