/** Keeps secrets of a service at rest: whoever reads the database alone can't read them. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { SecretBox } from '#platform/service.ts'

const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM and HMAC-SHA-256 under keys of the service's own. Sealed: nonce, tag, ciphertext. */
export function createSecretBox(clusterKey: Buffer, service: string): SecretBox {
  const derive = (what: string) =>
    Buffer.from(hkdfSync('sha256', clusterKey, '', `dakghar ${what} of ${service}`, 32))
  const key = derive('secrets')
  const hashKey = derive('digests')
  return {
    seal(text, about) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open(sealed, about) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes))
        .setAAD(Buffer.from(about))
        .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
      return (
        decipher.update(sealed.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
      )
    },
    digest: (text, about) => createHmac('sha256', hashKey).update(`${about}\0${text}`).digest(),
  }
}
