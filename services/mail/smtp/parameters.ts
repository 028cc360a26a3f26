/** Arguments of MAIL and RCPT: RFC 5321 §4.1.1, SIZE 1870, 8BITMIME 6152, DSN 3461, SMTPUTF8 6531, AUTH 4954. */
import { readPath, type MailPath } from './address.ts'
import type { Answer, NotifyWhen, Recipient, Sender } from './policy.ts'

/** `argument` is what follows `MAIL`. A fault is the answer to give. */
export function readSender(argument: string, maxBytes: number): Sender | Answer {
  const command = readCommand(argument, 'FROM:', '5.1.7', senderParameters)
  if ('code' in command) return command
  const { path, values } = command
  const sender: Sender = {
    path,
    declaredBytes: undefined,
    body: values.get('BODY')?.toUpperCase() as Sender['body'],
    isInternational: values.has('SMTPUTF8'),
    returns: values.get('RET')?.toUpperCase() as Sender['returns'],
    envelopeId: undefined,
  }
  const size = values.get('SIZE')
  if (size !== undefined) {
    // RFC 1870 §6.1: too large is told before the message comes, however the number is written.
    if (Number(size) > maxBytes) return tooLarge(maxBytes)
    if (!/^\d+$/.test(size)) return badParameter(`SIZE=${size}`)
    sender.declaredBytes = Number(size)
  }
  const envelopeId = values.get('ENVID')
  if (envelopeId !== undefined) {
    sender.envelopeId = decodeXtext(envelopeId)
    if (!sender.envelopeId || envelopeId.length > 100) return badParameter('ENVID')
  }
  return path?.isInternational && !sender.isInternational ? needsInternational() : sender
}

/** `argument` is what follows `RCPT`. */
export function readRecipient(argument: string, isInternational: boolean): Recipient | Answer {
  const command = readCommand(argument, 'TO:', '5.1.3', recipientParameters)
  if ('code' in command) return command
  const { path, values } = command
  if (!path) return { code: 501, enhanced: '5.1.3', text: 'A recipient needs an address' }
  if (path.isInternational && !isInternational) return needsInternational()
  const recipient: Recipient = { path, notify: undefined, originalRecipient: undefined }
  const notify = values.get('NOTIFY')?.toUpperCase()
  if (notify !== undefined)
    recipient.notify = notify === 'NEVER' ? notify : (notify.split(',') as NotifyWhen[])
  const original = values.get('ORCPT')
  if (original !== undefined) {
    recipient.originalRecipient = readOriginalRecipient(original)
    if (!recipient.originalRecipient) return badParameter('ORCPT')
  }
  return recipient
}

export function tooLarge(maxBytes: number): Answer {
  return { code: 552, enhanced: '5.3.4', text: `Messages may have ${maxBytes} octets` }
}

/** RFC 3461 §4: printable ASCII, with `+` and two upper-case hexadecimal digits for the rest. */
export function decodeXtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[\dA-F]{2})*$/.test(text)) return undefined
  return text.replaceAll(/\+([\dA-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
}

/** What values a parameter may have; undefined is none at all. */
type Grammar = Record<string, RegExp | undefined>

const senderParameters: Grammar = {
  SIZE: /^\S+$/,
  BODY: /^(?:7BIT|8BITMIME)$/i,
  SMTPUTF8: undefined,
  RET: /^(?:FULL|HDRS)$/i,
  ENVID: /^\S+$/,
  AUTH: /^\S+$/,
}
const recipientParameters: Grammar = {
  NOTIFY: /^(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2})$/i,
  ORCPT: /^\S{1,500}$/,
}

/** The path and its parameters, names in upper case. */
function readCommand(
  argument: string,
  keyword: string,
  enhanced: string,
  grammar: Grammar,
): Answer | { path: MailPath | undefined; values: Map<string, string> } {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword)
    return { code: 501, enhanced: '5.5.4', text: `Say ${keyword}<address>` }
  const read = readPath(argument.slice(keyword.length).trimStart())
  if ('error' in read)
    return read.error === 'sourceRoute'
      ? { code: 550, enhanced: '5.7.1', text: 'Source routes are not followed' }
      : { code: 501, enhanced, text: 'That is no address' }
  const values = new Map<string, string>()
  for (const word of read.rest.split(' ')) {
    if (word === '') continue
    const equals = word.indexOf('=')
    const name = (equals === -1 ? word : word.slice(0, equals)).toUpperCase()
    if (!Object.hasOwn(grammar, name))
      return { code: 555, enhanced: '5.5.4', text: 'A parameter is not known here' }
    const value = equals === -1 ? undefined : word.slice(equals + 1)
    const pattern = grammar[name]
    const isRight = pattern ? value !== undefined && pattern.test(value) : value === undefined
    if (!isRight || values.has(name)) return badParameter(name)
    values.set(name, value ?? '')
  }
  return { path: read.path, values }
}

/** RFC 3461 §4.2; RFC 6533 §3 adds the type `utf-8`, whose characters are written `\x{…}` or as they are. */
function readOriginalRecipient(text: string): Recipient['originalRecipient'] {
  const semicolon = text.indexOf(';')
  const type = text.slice(0, semicolon).toLowerCase()
  const encoded = text.slice(semicolon + 1)
  if (semicolon === -1 || encoded === '') return undefined
  if (type === 'utf-8') return { type, address: decodeUnitext(encoded) }
  const address = decodeXtext(encoded)
  return type === 'rfc822' && address ? { type, address } : undefined
}

function decodeUnitext(text: string): string {
  return text.replaceAll(/\\x\{([\dA-F]{2,6})\}/g, (whole, digits: string) => {
    const point = parseInt(digits, 16)
    return point <= 0x10_ff_ff && (point < 0xd8_00 || point > 0xdf_ff) ? String.fromCodePoint(point) : whole
  })
}

function badParameter(name: string): Answer {
  return { code: 501, enhanced: '5.5.4', text: `The value of ${name} is not right` }
}

/** RFC 6531 §3.5 */
function needsInternational(): Answer {
  return { code: 553, enhanced: '5.6.7', text: 'Such an address needs SMTPUTF8' }
}
