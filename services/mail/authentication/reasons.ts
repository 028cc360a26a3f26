import type { DkimOutcome } from './dkim.ts'
import type { Found } from './results-field.ts'

/** A finding for people: the pages have a sentence for each code, and put the parameters into it. */
export interface AuthenticationReason {
  code: AuthenticationCode
  parameters: Record<string, string>
}

export type AuthenticationCode =
  | `spf.${Found['spf']['result']}`
  | `dkim.${DkimOutcome['result'] | 'none'}`
  | `dmarc.${Found['dmarc']['result']}`
  | `arc.${Exclude<Found['arc']['result'], 'none'>}`

export function reasonsFor({ spf, dkim, dmarc, arc }: Found): AuthenticationReason[] {
  return [
    {
      code: `spf.${spf.result}`,
      parameters: filled({
        domain: spf.domain,
        mechanism: spf.mechanism,
        reason: spf.reason,
        explanation: spf.explanation,
      }),
    },
    ...(dkim.length === 0 ? [{ code: 'dkim.none' as const, parameters: {} }] : []),
    ...dkim.map(({ result, domain, selector, reason, aligned }) => ({
      code: `dkim.${result}` as const,
      parameters: filled({ domain, selector, reason, aligned: aligned ? 'yes' : 'no' }),
    })),
    {
      code: `dmarc.${dmarc.result}`,
      parameters: filled({
        domain: dmarc.domain,
        policy: dmarc.record === undefined ? undefined : dmarc.policy,
        policyDomain: dmarc.policyDomain,
        reason: dmarc.reason,
      }),
    },
    ...(arc.result === 'none'
      ? []
      : [
          {
            code: `arc.${arc.result}` as const,
            parameters: filled({ sealer: arc.sealers.at(-1)?.domain, reason: arc.reason }),
          },
        ]),
  ]
}

function filled(parameters: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  )
}
