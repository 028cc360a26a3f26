/** What a mail program is told, and where its settings for it are. */
import { Tabs, Text } from '@mantine/core'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { Section } from '#web/ui/Section.tsx'
import classes from './programs.module.css'

export interface ProgramSettingsProps {
  setup: OutputOf<typeof mail.calls.showMailSetup>
  address: string
}

/** As programs call them, in every language. */
const securities = { tls: 'SSL/TLS', starttls: 'STARTTLS' } as const

export function ProgramSettings({ setup: { submission, submissions }, address }: ProgramSettingsProps) {
  const { t } = useWords()
  const ports = t('programs.or', {
    one: String(submissions.port),
    security: securities[submissions.security],
    other: String(submission.port),
    otherSecurity: securities[submission.security],
  })
  const programs = {
    thunderbird: [t('programs.thunderbird'), t('programs.thunderbirdText', { address })],
    outlook: [t('programs.outlook'), t('programs.outlookText')],
    apple: [t('programs.apple'), t('programs.appleText')],
    phone: [t('programs.phone'), t('programs.phoneText')],
  } as const
  return (
    <>
      <Section title={t('programs.settings')} text={t('programs.settingsText')}>
        <dl className={classes.settings}>
          <dt>{t('programs.server')}</dt>
          <dd>{submissions.host}</dd>
          <dt>{t('programs.port')}</dt>
          <dd>{ports}</dd>
          <dt>{t('programs.user')}</dt>
          <dd>{address}</dd>
          <dt>{t('programs.secret')}</dt>
          <dd>{t('programs.secretText')}</dd>
        </dl>
      </Section>
      <Section title={t('programs.where')}>
        <Tabs defaultValue="thunderbird">
          <Tabs.List>
            {Object.entries(programs).map(([id, [name]]) => (
              <Tabs.Tab key={id} value={id}>
                {name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {Object.entries(programs).map(([id, [, text]]) => (
            <Tabs.Panel key={id} value={id} pt="sm">
              <Text size="sm">{text}</Text>
            </Tabs.Panel>
          ))}
        </Tabs>
      </Section>
    </>
  )
}
