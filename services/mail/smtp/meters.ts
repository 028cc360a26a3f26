import { counter, gauge } from '#platform/metrics.ts'

export const meters = {
  open: gauge('dakghar_smtp_connections', 'SMTP connections that are open.', ['door']),
  connections: counter('dakghar_smtp_connections_total', 'SMTP connections accepted and refused.', [
    'door',
    'outcome',
  ]),
  messages: counter('dakghar_smtp_messages_total', 'Messages by the class of their answer.', [
    'door',
    'answer',
  ]),
  signIns: counter('dakghar_smtp_sign_ins_total', 'AUTH by mechanism and outcome.', ['mechanism', 'outcome']),
}
