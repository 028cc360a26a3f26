/** Sends e-mail to the server of `SMTP_URL` over connections that stay open. */
import { createTransport, type NodemailerError } from 'nodemailer'
import type { Values } from '../settings.ts'
import { Refusal, type Message, type Provider } from './provider.ts'

const timeouts = {
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  dnsTimeout: 10_000,
  socketTimeout: 20_000,
}

/** Throws one line that names the setting when the URL is none of SMTP. */
export function openSmtp(url: string, { SMTP_CONNECTIONS, MAIL_FROM, DOMAIN }: Values): Provider {
  if (!URL.canParse(url) || !/^smtps?:$/.test(new URL(url).protocol))
    throw new Error('SMTP_URL: is no smtp:// or smtps:// URL')
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: SMTP_CONNECTIONS,
    // A connection that closes is an attempt that failed: whether to try again is not for the pool to say.
    maxRequeues: 0,
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...timeouts,
  })
  const from = MAIL_FROM ?? `Dakghar <no-reply@${DOMAIN}>`
  return {
    async send(message, signal) {
      try {
        const { response } = await transport.sendMail({ ...mailOf(message, DOMAIN), from, signal })
        return response
      } catch (error) {
        throw refusalOf(error as NodemailerError)
      }
    },
    async [Symbol.asyncDispose]() {
      transport.close()
    },
  }
}

/** The same notification has the same Message-ID, so that whoever gets it twice can tell. */
function mailOf({ notificationId, to, language, rendering, preferencesUrl }: Message, domain: string) {
  return {
    to: { name: '', address: to },
    messageId: `<notification.${notificationId}@${domain}>`,
    subject: rendering.subject ?? '',
    text: rendering.text,
    ...(rendering.html !== null && { html: rendering.html }),
    headers: {
      'Auto-Submitted': 'auto-generated', // RFC 3834 §5
      'Content-Language': language,
      ...(preferencesUrl !== null && { 'List-Unsubscribe': `<${preferencesUrl}>` }), // RFC 2369 §3.2
    },
  }
}

/** That our own credentials are refused, or that the server wants some, is no fault of the message. */
const aboutUs = new Set([421, 454, 530, 534, 535, 538])

function refusalOf(error: NodemailerError): Refusal {
  const { code, command, response, responseCode, permanent = false } = error
  const detail = response ?? error.message
  // Without an answer: an address that can't be written to a server at all.
  if (code === 'EENVELOPE' && responseCode === undefined) return new Refusal(detail, true, 'message')
  if (responseCode === undefined || aboutUs.has(responseCode) || code === 'EAUTH')
    return new Refusal(detail, false, 'provider')
  if (command === 'RCPT TO') return new Refusal(detail, permanent, 'recipient')
  return new Refusal(detail, permanent, permanent ? 'message' : 'provider')
}
