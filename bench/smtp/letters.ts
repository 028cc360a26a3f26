/** Letters of about 10 KiB, no two the same: sentences of the words of our own documents, signed as mail is. */
import { generateKeyPairSync } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { signMessage } from '#services/mail/authentication/sign.ts'
import { publicRecordOf } from '#services/mail/domains/keys.ts'
import type { Zone } from '#services/mail/testing/name-server.ts'

export const senderDomain = 'sender.example'
export const letterBytes = 10 * 1024
const selector = 'bench'

/** What a sender's domain says of itself, and of the loopback address that it sends from. */
export function senderZone(privateKey: string): Zone {
  return {
    [senderDomain]: { MX: ['10 mail.sender.example'], TXT: ['v=spf1 ip4:127.0.0.0/8 -all'] },
    [`mail.${senderDomain}`]: { A: ['127.0.0.1'] },
    [`_dmarc.${senderDomain}`]: { TXT: ['v=DMARC1; p=reject'] },
    [`${selector}._domainkey.${senderDomain}`]: { TXT: [publicRecordOf(privateKey)] },
    '1.0.0.127.in-addr.arpa': { PTR: [`mail.${senderDomain}`] },
  }
}

export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** With CR LF, dots doubled, and the end of DATA. */
export async function composeLetters(
  first: number,
  count: number,
  privateKey: string,
  recipientOf: (index: number) => string,
): Promise<Buffer[]> {
  const words = ourWords()
  const key = { domain: senderDomain, selector, algorithm: 'rsa' as const, privateKey }
  const letters: Buffer[] = []
  for (let index = first; index < first + count; index++) {
    const bytes = Buffer.from(letter(index, words, recipientOf(index)))
    const signature = await signMessage({ open: () => Readable.from([bytes]) }, [key])
    letters.push(Buffer.concat([Buffer.from(signature), bytes, Buffer.from('.\r\n')]))
  }
  return letters
}

function letter(index: number, words: readonly string[], recipient: string): string {
  const random = randomFrom(index + 1)
  const word = () => words[Math.floor(random() * words.length)]!
  const sentence = () => {
    const text = Array.from({ length: 6 + Math.floor(random() * 14) }, word).join(' ')
    return `${text[0]!.toUpperCase()}${text.slice(1)}.`
  }
  const head = [
    `Received: from desk.${senderDomain} (desk.${senderDomain} [192.0.2.${index % 250}]) by mail.${senderDomain} with ESMTPS id ${index.toString(36)}; ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `From: ${capital(word())} ${capital(word())} <person${index % 97}@${senderDomain}>`,
    `To: <${recipient}>`,
    `Subject: ${sentence().slice(0, 60)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${index}.${process.pid}.${Date.now()}@${senderDomain}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 7bit',
    `User-Agent: Bench`,
  ].join('\r\n')
  const lines: string[] = []
  // The signature is some 500 bytes.
  for (let size = head.length + 500; size < letterBytes;) {
    const line = sentence()
    lines.push(...folded(line))
    size += line.length + 4
  }
  return `${head}\r\n\r\n${lines.join('\r\n')}\r\n`
}

function folded(text: string): string[] {
  return text.match(/.{1,74}(?:\s|$)/g)?.map((line) => line.trimEnd()) ?? [text]
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1)
}

/** As often as they stand in our documents. */
function ourWords(): string[] {
  const root = join(import.meta.dirname, '../..')
  const files = globSync(['docs/**/*.md', '*.md'], { cwd: root })
  const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
  return text.match(/\b[a-z]{2,14}\b/g) ?? []
}

/** Numbers from 0 to 1, the same for a seed. */
function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296
  }
}
