/** Passwords are kept as Argon2id hashes (RFC 9106), made outside the event loop. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Identity } from '#platform/identity.ts'
import { counter } from '#platform/metrics.ts'
import { deriveArgon2, formatPhc, parseArgon2, type Argon2Hash } from './argon2.ts'
import { isBcrypt, isBcryptHash } from './bcrypt.ts'
import { failedAttempts } from './failed-attempts.ts'
import { createHashQueue, type Lane } from './hash-queue.ts'

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. */
const cost = { variant: 'argon2id', memory: 19_456, passes: 2, parallelism: 1 } as const
const saltBytes = 16
const hashBytes = 32

const cores = availableParallelism()
/** One more than there are cores, so that none waits for the next hash; one thread of libuv's four stays free for files and names. */
const running = Math.min(3, cores + 1)

export const hashing = createHashQueue({
  running,
  lanes: {
    known: { running, waiting: 64 },
    new: { running, waiting: 64 },
    suspect: { running: 1, waiting: 8, waitMs: 5_000 },
  },
  strangersUnderAttack: Math.max(1, Math.min(running, cores) - 1),
  isUnderAttack: failedAttempts.isUnderAttack,
})

/** Whose turn it is, and what bounds the time that somebody waits for it. Whoever is signed in is known. */
interface Turn {
  readonly signal?: AbortSignal | undefined
  readonly identity?: Identity
  readonly lane?: Lane
}

/** A PHC string, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. Rejects with `overloaded` when too many wait. */
export async function hashPassword(password: string, turn?: Turn): Promise<string> {
  const wanted = { ...cost, salt: randomBytes(saltBytes), length: hashBytes }
  return formatPhc(wanted, await inTurn(() => deriveArgon2(password, wanted), turn))
}

/**
 * Without a hash, for an account that is not there, and for one of an unknown form, it takes as long as for one of
 * ours and gives false.
 */
export async function isPassword(password: string, phc: string | undefined, turn?: Turn): Promise<boolean> {
  if (phc !== undefined && isBcryptHash(phc)) return inTurn(() => isBcrypt(password, phc), turn)
  const known = phc === undefined ? undefined : parseArgon2(phc)
  const isRight = await inTurn(() => isArgon2(password, known ?? nobodys), turn)
  return isRight && known !== undefined
}

/** Whether the hash is not made as ours are today. */
export function isOutdated(phc: string): boolean {
  const { variant, memory, passes, parallelism } = cost
  return !phc.startsWith(`$${variant}$v=19$m=${memory},t=${passes},p=${parallelism}$`)
}

async function isArgon2(password: string, stored: Argon2Hash): Promise<boolean> {
  return timingSafeEqual(await deriveArgon2(password, stored), stored.hash)
}

function inTurn<T>(work: () => Promise<T>, turn: Turn = {}): Promise<T> {
  hashes.inc()
  const lane = turn.lane ?? (turn.identity?.kind === 'account' ? 'known' : 'new')
  return hashing.run(work, {
    lane,
    get signal() {
      return turn.signal
    },
  })
}

const nobodys: Argon2Hash = {
  ...cost,
  salt: Buffer.alloc(saltBytes),
  length: hashBytes,
  hash: Buffer.alloc(hashBytes),
}

const hashes = counter(
  'dakghar_password_hashes_total',
  'Passwords that were hashed, or are waiting for it.',
  [],
)
