import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'

/** Every piece has a tag: of GCM when encrypted, else the start of a SHA-256. */
export const tagBytes = 16

/** Protects the numbered pieces of one stored blob: a piece opens only unchanged and under its own number. */
export interface Seal {
  close(number: number, piece: Buffer): { bytes: Buffer; tag: Buffer }
  /** Undefined when it does not match its tag. */
  open(number: number, bytes: Buffer, tag: Buffer): Buffer | undefined
  /** A tag alone, for what is stored in the clear. */
  tag(number: number, clear: Buffer): Buffer
}

/** Detects damage; keeps nothing secret. */
export const checksumSeal: Seal = {
  close: (number, piece) => ({ bytes: piece, tag: checksum(number, piece) }),
  open: (number, bytes, tag) => (checksum(number, bytes).equals(tag) ? bytes : undefined),
  tag: checksum,
}

function checksum(number: number, piece: Buffer): Buffer {
  return createHash('sha256').update(nonce(number)).update(piece).digest().subarray(0, tagBytes)
}

/**
 * AES-256-GCM. The key is the blob's own, HKDF-SHA-256 of `encryptionKey` and its random `salt`,
 * so the piece's number serves as nonce and no nonce is used twice.
 */
export function encryptionSeal(encryptionKey: Buffer, salt: Buffer): Seal {
  const key = Buffer.from(hkdfSync('sha256', encryptionKey, salt, 'dakghar blob', 32))
  const close: Seal['close'] = (number, piece) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(number))
    const bytes = Buffer.concat([cipher.update(piece), cipher.final()])
    return { bytes, tag: cipher.getAuthTag() }
  }
  return {
    close,
    open(number, bytes, tag) {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce(number), { authTagLength: tagBytes })
      decipher.setAuthTag(tag)
      const piece = decipher.update(bytes)
      try {
        return Buffer.concat([piece, decipher.final()])
      } catch {
        return undefined
      }
    },
    tag(number, clear) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce(number)).setAAD(clear)
      cipher.final()
      return cipher.getAuthTag()
    },
  }
}

function nonce(number: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(number, 8)
  return bytes
}
