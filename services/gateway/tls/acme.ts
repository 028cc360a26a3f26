/** Certificates from an authority that speaks ACME, by the http-01 challenge: RFC 8555 §8.3. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { standardError } from '#contracts/errors.ts'
import type { Cache } from '#platform/cache/cache.ts'
import type { Job } from '#platform/service.ts'
import type { Page } from '#services/gateway/http/exchange.ts'
import { certificateFileIn, type Certificate, type CertificateFiles } from '#platform/tls/certificate.ts'

export const challengePath = '/.well-known/acme-challenge/'

export interface AcmeOptions {
  directoryUrl: string
  email: string | undefined
  domain: string
  /** Of the account's key and of the certificate with its key. */
  folder: string
  certificates: CertificateFiles
}

const dayMs = 86_400_000
const lookEveryMs = 60_000
const longestDelayMs = 6 * 3_600_000
/** Of one request to the authority. */
const timeoutMs = 30_000
const challengeTtlMs = 600_000

/**
 * Obtains the certificate and renews it a month before it expires, or when a third of its life is left. Gateways do it
 * one at a time: those that share a folder share the certificate, others get one each. The answers to challenges are
 * in the cache, which gateways behind one address have to share. After a failure it waits 1 min, 2 min, … 6 h.
 */
export function renewalJob(options: AcmeOptions): Job {
  const { certificates } = options
  let failures = 0
  let notBefore = 0
  return {
    name: 'renewCertificate',
    everyMs: lookEveryMs,
    async run({ cache, signal }) {
      // Another gateway may have been here.
      await certificates.reload().catch(() => undefined)
      if (!isDue(certificates.current) || Date.now() < notBefore) return
      try {
        await orAborted(obtain(options, cache), signal)
        failures = 0
      } catch (error) {
        notBefore = Date.now() + Math.min(longestDelayMs, lookEveryMs * 2 ** failures++)
        throw new Error(`${options.directoryUrl} did not certify ${options.domain}`, { cause: error })
      }
      await certificates.reload()
    },
  }
}

/** Answers the authority. */
export function challengePage(cache: Cache): Page {
  return async (c) => {
    const answer = await cache.get(cacheKey(c.req.param('token') ?? ''))
    if (typeof answer !== 'string') throw standardError('notFound', 'There is no such challenge.')
    return {
      status: 200,
      headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' },
      body: answer,
    }
  }
}

function cacheKey(token: string): string {
  return `acme:${token}`
}

/** A month before the end, or with a third of its life left, whatever is later. */
export function isDue(certificate: Pick<Certificate, 'validFrom' | 'validTo'> | undefined): boolean {
  if (!certificate) return true
  const { validFrom, validTo } = certificate
  return validTo - Date.now() < Math.min(30 * dayMs, (validTo - validFrom) / 3)
}

async function obtain({ directoryUrl, email, domain, folder }: AcmeOptions, cache: Cache): Promise<void> {
  const acme = await import('acme-client')
  // Its own retries wait for minutes and can't be stopped.
  Object.assign(acme.axios.defaults, { timeout: timeoutMs, acmeSettings: { retryMaxAttempts: 0 } })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const accountKey = await keptAccountKey(join(folder, 'account.key'), () =>
    acme.crypto.createPrivateEcdsaKey(),
  )
  const client = new acme.Client({ directoryUrl, accountKey })
  const [key, csr] = await acme.crypto.createCsr(
    { commonName: domain },
    await acme.crypto.createPrivateEcdsaKey(),
  )
  const chain = await client.auto({
    csr,
    ...(email !== undefined && { email }),
    termsOfServiceAgreed: true,
    challengePriority: ['http-01'],
    // It would ask itself at port 80, which may be somewhere else.
    skipChallengeVerification: true,
    challengeCreateFn: async (_, { token }, answer) => cache.set(cacheKey(token), answer, challengeTtlMs),
    challengeRemoveFn: async (_, { token }) => cache.delete(cacheKey(token)),
  })
  await writePrivate(certificateFileIn(folder), `${chain}\n${key.toString()}`)
}

async function keptAccountKey(file: string, make: () => Promise<Buffer>): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const key = await make()
    await writePrivate(file, key)
    return key
  }
}

/** Whoever reads it finds the old content or the new one. */
async function writePrivate(file: string, content: string | Buffer): Promise<void> {
  const draft = join(dirname(file), `.${process.pid}.draft`)
  await writeFile(draft, content, { mode: 0o600 })
  await rename(draft, file)
}

async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', abort)
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
