/** Secrets that somebody holds: 256 random bits, of which only the SHA-256 is kept. */
import { createHash, randomBytes } from 'node:crypto'

export function newToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url')
  return { token, hash: hashOf(token) }
}

/** So many bits can't be guessed, so a plain hash can't be turned back. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
