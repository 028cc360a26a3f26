/** Argon2 hashes as PHC strings. */
import { argon2 } from 'node:crypto'
import { promisify } from 'node:util'

interface Argon2Cost {
  variant: 'argon2d' | 'argon2i' | 'argon2id'
  /** KiB. */
  memory: number
  passes: number
  parallelism: number
}

interface Argon2Wish extends Argon2Cost {
  salt: Buffer
  length: number
}

export interface Argon2Hash extends Argon2Wish {
  hash: Buffer
}

const argon2Async = promisify(argon2)

/** NFC: the same letters typed on another system are the same password (RFC 8265 §4.2.2). */
export function deriveArgon2(
  password: string,
  { variant, salt, length, ...cost }: Argon2Wish,
): Promise<Buffer> {
  const message = password.normalize('NFC')
  return argon2Async(variant, { ...cost, message, nonce: salt, tagLength: length })
}

export function formatPhc({ variant, memory, passes, parallelism, salt }: Argon2Wish, hash: Buffer): string {
  return `$${variant}$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`
}

/** Undefined for what is no such hash, for one outside of RFC 9106 §3.1, and for one that costs more than a sign-in may. */
export function parseArgon2(phc: string): Argon2Hash | undefined {
  const match = /^\$(argon2i?d?)\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([\w+/-]+)\$([\w+/-]+)$/.exec(
    phc,
  )
  if (!match) return undefined
  const variant = match[1] as string
  if (variant !== 'argon2d' && variant !== 'argon2i' && variant !== 'argon2id') return undefined
  const [memory, passes, parallelism] = match.slice(2, 5).map(Number) as [number, number, number]
  const [salt, hash] = match.slice(5).map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer]
  const isCheap = memory <= most.memory && passes <= most.passes && parallelism <= most.parallelism
  const isWhole = passes >= 1 && parallelism >= 1 && memory >= 8 * parallelism
  if (!isCheap || !isWhole || salt.length < 8 || hash.length < 4 || hash.length > 128) return undefined
  return { variant, memory, passes, parallelism, salt, hash, length: hash.length }
}

/** 256 MiB. */
const most = { memory: 262_144, passes: 20, parallelism: 16 }

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
