/** The certificate that doors show, from files that may change at any time. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#platform/log.ts'

export interface Certificate {
  /** Chain and private key, PEM. */
  cert: string
  key: string
  /** Milliseconds since the epoch. */
  validFrom: number
  validTo: number
}

const lookEveryMs = 2_000

/** Where the gateway keeps the one that an authority gave it. */
export function certificateFileIn(folder: string): string {
  return join(folder, 'certificate.pem')
}

/** Reads both files again and again; a pair that is no good leaves the one before in place. */
export class CertificateFiles implements Disposable {
  readonly #files: { cert: string; key: string }
  readonly #log: Logger
  readonly #listeners = new Set<(certificate: Certificate) => void>()
  readonly #timer = setInterval(
    () => void this.reload().catch((error: unknown) => this.#complain(error)),
    lookEveryMs,
  )
  #current: Certificate | undefined
  #complaint = ''

  /** Both may be the same file. */
  constructor(files: { cert: string; key: string }, log: Logger) {
    this.#files = files
    this.#log = log
    this.#timer.unref()
  }

  get current(): Certificate | undefined {
    return this.#current
  }

  /** Told of every other certificate. */
  onChange(listener: (certificate: Certificate) => void): void {
    this.#listeners.add(listener)
  }

  /** Rejects when the files hold no certificate with its key. */
  async reload(): Promise<void> {
    const [cert, key] = await Promise.all([
      readFile(this.#files.cert, 'utf8'),
      readFile(this.#files.key, 'utf8'),
    ])
    if (cert === this.#current?.cert && key === this.#current.key) return
    this.#current = readCertificate(cert, key)
    this.#complaint = ''
    this.#log.info({ validTo: new Date(this.#current.validTo) }, 'certificate read')
    for (const listener of this.#listeners) listener(this.#current)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  /** Once for each reason. */
  #complain(error: unknown): void {
    const { message } = error as Error
    if (message === this.#complaint) return
    this.#complaint = message
    this.#log.warn({ err: error, files: this.#files }, 'the certificate can not be read')
  }
}

function readCertificate(cert: string, key: string): Certificate {
  const leaf = new X509Certificate(cert)
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new Error('the private key is not that of the certificate')
  return { cert, key, validFrom: leaf.validFromDate.getTime(), validTo: leaf.validToDate.getTime() }
}
