/** Makes a message's bytes from a template and a seed: always the same ones. */
import { integer, pick, shuffle, type Random } from './random.ts'
import { fill, makePerson, makeWord, randomFor, type Slots } from './slots.ts'
import { teasers } from './teasers.ts'
import type { Template } from './templates.ts'

export interface Rendered {
  template: Template
  bytes: Buffer
}

/**
 * Marks: `list`, `unsubscribe`, `feedback`, `auto`, `bulk`, `reply`, `plain`, `html`, `priority`, `hidden` (no
 * recipient), `image` (a picture instead of text), `ld-<Type>` (JSON-LD of that type).
 */
export function render(original: Template, seed: number): Rendered {
  const random = randomFor(original.file, original.name, seed)
  const template = random() < 0.3 ? { ...original, marks: withoutBulkMarks(original.marks) } : original
  const slots: Slots = {}
  const person = makePerson(random)
  slots.me = person.first
  slots.mefull = `${person.first} ${person.last}`
  const ownAddress =
    `${pick(random, [person.first, `${person.first}.${person.last}`, `${person.first[0]}${person.last}`])}@${pick(random, ['gmail.com', 'corvelmar.com', 'dorwesel.com.bd', 'outlook.com', 'halbrinor.org'])}`
      .toLowerCase()
      .normalize('NFD')
      .replaceAll(/[^\x21-\x7e]/g, '')
  slots.meaddress = ownAddress
  slots.melocal = ownAddress.split('@')[0]!
  slots.medomain = ownAddress.split('@')[1]!
  const from = fill(template.from, random, slots)
  const domain = /@([^>\s]+)/.exec(from)?.[1] ?? 'localhost'
  slots.fromdomain = domain
  slots.site =
    domain.split('.').length > 2 &&
    /^(?:mail|news|e|email|info|em|notify|updates?|mailer|hello|m|mg)\./.test(domain)
      ? domain.slice(domain.indexOf('.') + 1)
      : domain
  const subject = fill(template.subject, random, slots)
  const body = fill(
    template.file.startsWith('spam') ? template.body : withTeasers(template, random),
    random,
    slots,
  )
  const context: Context = {
    template,
    random,
    slots,
    domain,
    from,
    to: ownAddress,
    toName: random() < 0.5 ? slots.mefull : '',
    fill: (text) => fill(text, random, slots),
  }
  const head = headerLines(context, subject)
  return {
    template: original,
    bytes: Buffer.from([...head, ...bodyLines(context, body)].join('\r\n'), 'utf8'),
  }
}

/** Not every sender writes the header that one should. */
function withoutBulkMarks(marks: ReadonlySet<string>): Set<string> {
  return new Set(
    [...marks]
      .filter((mark) => !['feedback', 'auto', 'bulk'].includes(mark) && mark !== 'unsubscribe')
      .concat(marks.has('unsubscribe') ? ['letter'] : []),
  )
}

/** A letter to many is longer than its template: news of all sorts stand before its last paragraph. */
function withTeasers({ marks, body }: Template, random: Random): string {
  const isLetter = (marks.has('unsubscribe') || marks.has('letter')) && !marks.has('auto')
  const count = isLetter && random() < 0.6 ? integer(random, 1, 9) : 0
  const paragraphs = body.split('\n\n')
  const filling = shuffle(random, teasers).slice(0, count)
  // Each stands for itself: numbered slots of one must not be those of another.
  const own = filling.map((text, at) =>
    text.replaceAll(
      /\{([a-z]+)(\d?)\}/g,
      (_, name: string, digit: string) => `{${name}${digit === '' ? (at % 9) + 1 : 9 - (at % 9)}}`,
    ),
  )
  return [...paragraphs.slice(0, -1), ...own, ...paragraphs.slice(-1)].join('\n\n')
}

interface Context {
  template: Template
  random: Random
  slots: Slots
  domain: string
  from: string
  to: string
  toName: string
  fill: (text: string) => string
}

function headerLines(
  { template: { marks, fields }, random, slots, domain, from, to, toName, fill }: Context,
  subject: string,
): string[] {
  const lines: string[] = []
  const has = (mark: string) => marks.has(mark)
  const day = new Date(
    Date.UTC(
      2026,
      integer(random, 0, 9),
      integer(random, 1, 28),
      integer(random, 0, 23),
      integer(random, 0, 59),
      integer(random, 0, 59),
    ),
  )
  const listName = fill('{list}')
  if (!has('nodate'))
    lines.push(
      `Date: ${day.toUTCString().replace('GMT', pick(random, ['+0000', '+0600', '+0000', '-0500', '+0100']))}`,
    )
  lines.push(`From: ${encodeName(from)}`)
  if (!has('hidden'))
    lines.push(
      `To: ${has('list') ? `${listName}@${domain}` : toName === '' ? to : `${encodeName(`${toName} <${to}>`)}`}`,
    )
  if (fields['reply-to'] !== undefined) lines.push(`Reply-To: ${encodeName(fill(fields['reply-to']))}`)
  lines.push(
    `Subject: ${encodeWord(`${has('reply') ? 'Re: ' : ''}${has('list') && random() < 0.7 ? `[${listName}] ` : ''}${subject}`)}`,
  )
  if (!has('noid')) lines.push(`Message-ID: <${messageId(random, domain)}>`)
  if (has('reply')) {
    const parent = messageId(random, slots.medomain!)
    lines.push(`In-Reply-To: <${parent}>`, `References: <${parent}>`)
  }
  if (has('list'))
    lines.push(
      `List-Id: <${listName}.${domain}>`,
      `List-Post: <mailto:${listName}@${domain}>`,
      ...(random() < 0.7 ? ['Precedence: list'] : []),
      ...(random() < 0.5 ? [`List-Unsubscribe: <mailto:${listName}-leave@${domain}>`] : []),
    )
  if (has('unsubscribe')) {
    lines.push(
      `List-Unsubscribe: <https://${slots.site}/u/${makeWord(random, 2, 3)}>${random() < 0.5 ? `, <mailto:unsub@${domain}>` : ''}`,
    )
    if (random() < 0.7) lines.push('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  }
  if (has('feedback'))
    lines.push(
      `Feedback-ID: ${integer(random, 1000, 99_999)}:${makeWord(random, 1, 2)}:${pick(random, ['amazonses', 'sendgrid', 'mailer'])}`,
    )
  if (has('auto')) lines.push('Auto-Submitted: auto-generated')
  if (has('bulk')) lines.push('Precedence: bulk')
  if (has('priority')) lines.push('X-Priority: 1 (Highest)')
  if (fields.header !== undefined) lines.push(fill(fields.header))
  return lines
}

function bodyLines(context: Context, body: string): string[] {
  const {
    template: { marks, fields },
    random,
  } = context
  const isPlain = marks.has('plain') || (!marks.has('html') && random() < 0.25)
  const text = plainText(context, body)
  const parts: string[][] = []
  if (!marks.has('html') || random() < 0.5)
    parts.push([
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      ...text.split('\n'),
    ])
  if (!isPlain)
    parts.push([
      'Content-Type: text/html; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      ...html(context, body).split('\n'),
    ])
  const boundary = `=_${makeWord(random, 3, 4)}${integer(random, 1000, 9999)}`
  const content = parts.length === 1 ? parts[0]! : multipart('alternative', parts, boundary)
  if (fields.attach === undefined) return ['MIME-Version: 1.0', ...content]
  const attached = context.fill(fields.attach)
  const file = [
    'Content-Type: application/octet-stream',
    `Content-Disposition: attachment; filename="${attached}"`,
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(makeWord(random, 40, 90))
      .toString('base64')
      .replaceAll(/.{76}/g, '$&\r\n'),
  ]
  return ['MIME-Version: 1.0', ...multipart('mixed', [content, file], `${boundary}x`)]
}

function multipart(kind: string, parts: string[][], boundary: string): string[] {
  return [
    `Content-Type: multipart/${kind}; boundary="${boundary}"`,
    '',
    ...parts.flatMap((part) => [`--${boundary}`, ...part]),
    `--${boundary}--`,
    '',
  ]
}

/** `<<words|where>>` is a link; where without a scheme is a path of the sender's site. */
const link = /<<([^|>]*)(?:\|([^>]*))?>>/g

function plainText(context: Context, body: string): string {
  return body.replaceAll(link, (_, words: string, where?: string) => {
    const url = address(context, where)
    return words === ''
      ? url
      : `${words} ${pick(context.random, [`<${url}>`, `( ${url} )`, `: ${url}`, `\n${url}`])}`
  })
}

function html(context: Context, body: string): string {
  const { template, random, slots } = context
  const isStyled =
    template.marks.has('unsubscribe') ||
    template.marks.has('letter') ||
    template.marks.has('feedback') ||
    template.marks.has('html')
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const paragraphs = body.split(/\n{2,}/).map((paragraph) => {
    const parts = paragraph.split(/(<<[^>]*>>)/)
    const inner = parts
      .map((part) =>
        part.startsWith('<<')
          ? part.replaceAll(link, (_, words: string, where?: string) => {
              const url = address(context, where)
              return `<a href="${url}"${isStyled ? ' style="background:#1a5fb4;color:#ffffff;padding:10px 18px;text-decoration:none"' : ''}>${escaped(words || url)}</a>`
            })
          : escaped(part),
      )
      .join('')
      .replaceAll('\n', '<br>\n')
    return isStyled
      ? `<tr><td style="padding:8px 24px;font-family:Arial,sans-serif;font-size:15px">${inner}</td></tr>`
      : pick(random, [`<p>${inner}</p>`, `<div>${inner}</div>`])
  })
  const ld = [...template.marks].find((mark) => mark.startsWith('ld-'))
  const data =
    ld === undefined
      ? ''
      : `<script type="application/ld+json">{"@context":"http://schema.org","@type":"${ld.slice(3)}"}</script>`
  const image = template.marks.has('image')
    ? `<a href="${address(context, context.fill(template.fields.link ?? ''))}"><img src="https://${slots.site}/i/${makeWord(random, 2, 3)}.png" width="600" alt=""></a>`
    : ''
  if (!isStyled) return `<html><body>${paragraphs.join('\n')}${image}</body></html>`
  const logo = `<tr><td><img src="https://${slots.site}/img/logo.png" width="140" alt="logo"></td></tr>`
  const pixel =
    random() < 0.6
      ? `<img src="https://${slots.site}/o/${makeWord(random, 2, 4)}.gif" width="1" height="1" alt="">`
      : ''
  return `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title></title>${data}</head><body style="margin:0;background:#f4f4f4"><table width="100%" cellpadding="0" cellspacing="0" role="presentation"><tr><td align="center"><table width="600">\n${logo}\n${paragraphs.join('\n')}\n</table></td></tr></table>${image}${pixel}</body></html>`
}

function address({ slots, random }: Context, where = ''): string {
  const path =
    where === '' ? `${pick(random, ['', 'go', 'click', 'view', 'l', 'e'])}/${makeWord(random, 2, 3)}` : where
  return /^(?:https?:|mailto:)/.test(path)
    ? path
    : `https://${random() < 0.5 ? 'www.' : ''}${slots.site}/${path.replace(/^\//, '')}`
}

function messageId(random: Random, domain: string): string {
  return `${pick(random, [makeWord(random, 3, 5), `${integer(random, 1e9, 9e9)}.${integer(random, 1, 9999)}`, `${makeWord(random, 2, 3)}-${integer(random, 1e6, 9e6)}`])}@${domain}`
}

function encodeName(address: string): string {
  const [, name, rest] = /^([^<]*)(<.*>)$/.exec(address) ?? []
  if (name === undefined || name.trim() === '') return address
  return `${/^[\x20-\x7e]*$/.test(name) ? (/[",:;@[\]\\()]/.test(name) ? `"${name.trim().replaceAll('"', '\\"')}"` : name.trim()) : encodeWord(name.trim())} ${rest}`
}

function encodeWord(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
}
