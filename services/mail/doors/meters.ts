import { counter } from '#platform/metrics.ts'

export const meters = {
  messages: counter('dakghar_mail_received_total', 'Messages that other servers brought, by outcome.', [
    'outcome',
  ]),
  verdicts: counter('dakghar_mail_verdicts_total', 'Verdicts of the spam filter, for each mailbox.', [
    'verdict',
  ]),
  submitted: counter('dakghar_mail_submitted_total', 'Messages that mail programs handed in, by outcome.', [
    'outcome',
  ]),
}
