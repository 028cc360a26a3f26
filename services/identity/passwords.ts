/** Passwords are kept as Argon2id hashes (RFC 9106), made outside the event loop. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { createBulkhead } from '#platform/host/bulkhead.ts'

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const hashBytes = 32

/** One thread of libuv's four stays free for files and names. */
const hashing = createBulkhead('password hashing', {
  running: Math.min(3, availableParallelism()),
  waiting: 64,
})

/** What bounds the time that somebody waits for his turn. */
type Limit = { readonly signal: AbortSignal }

/** A PHC string, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. Rejects with `overloaded` when too many wait. */
export async function hashPassword(password: string, limit?: Limit): Promise<string> {
  const salt = randomBytes(saltBytes)
  const hash = await derive(password, { ...cost, salt, length: hashBytes }, limit)
  return formatPhc(salt, hash)
}

/** Without a hash, for an account that is not there, it takes as long and gives false. */
export async function isPassword(password: string, phc: string | undefined, limit?: Limit): Promise<boolean> {
  const { salt, hash, ...stored } = parsePhc(phc ?? nobodysHash)
  const derived = await derive(password, { ...stored, salt, length: hash.length }, limit)
  return timingSafeEqual(derived, hash) && phc !== undefined
}

interface Parameters {
  memory: number
  passes: number
  parallelism: number
  salt: Buffer
  length: number
}

/** NFC: the same letters typed on another system are the same password (RFC 8265 §4.2.2). */
function derive(password: string, { salt, length, ...rest }: Parameters, limit?: Limit): Promise<Buffer> {
  const message = password.normalize('NFC')
  return hashing.run(
    () => argon2Async('argon2id', { ...rest, message, nonce: salt, tagLength: length }),
    limit,
  )
}

const argon2Async = promisify(argon2)

function formatPhc(salt: Buffer, hash: Buffer): string {
  const parameters = `m=${cost.memory},t=${cost.passes},p=${cost.parallelism}`
  return `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(hash)}`
}

function parsePhc(phc: string) {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc)
  if (!match) throw new Error('a stored password hash is not Argon2id')
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number]
  const [salt, hash] = match.slice(4).map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer]
  return { memory, passes, parallelism, salt, hash }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}

const nobodysHash = formatPhc(Buffer.alloc(saltBytes), Buffer.alloc(hashBytes))
