/** Why a message is where it is, in words, and what can be said against it. */
import { Badge, Button, Drawer, Group, Select, Stack, Text, Title } from '@mantine/core'
import { OctagonAlert, ShieldCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { mail } from '#contracts/mail.ts'
import { Category, type Authentication, type Message, type Reason } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { useMail } from '../mail-context.ts'
import { reasonText } from './reason-text.ts'
import classes from './why.module.css'

const verdictColors = { ham: 'green', unsure: 'yellow', spam: 'red', certainSpam: 'red' } as const

export function WhyPanel({ message, onClose }: { message: Message; onClose: () => void }) {
  const { t, number } = useWords()
  const { changeMail, mailboxes } = useMail()
  const { spam, authentication } = message
  const chosen = { threadIds: [message.threadId] }
  const junkId = mailboxes.byRole.get('junk')?.id
  const isJunk = junkId !== undefined && message.mailboxIds.includes(junkId)
  const report = (moveTo: 'inbox' | 'junk') => {
    void changeMail(
      chosen,
      { moveTo },
      t(moveTo === 'inbox' ? 'mail.done.notSpam.one' : 'mail.done.spam.one'),
    )
    onClose()
  }
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={t('mail.why')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack gap="lg">
        <Part title={t('mail.category')}>
          <Select
            aria-label={t('mail.category')}
            data={Category.options.map((value) => ({ value, label: t(`mail.category.${value}`) }))}
            value={message.category}
            allowDeselect={false}
            onChange={(value) => {
              const category = Category.options.find((one) => one === value)
              if (category && category !== message.category)
                void changeMail(chosen, { category }, t('mail.done.category.one'))
            }}
          />
          <Text size="xs" c="dimmed">
            {t('mail.category.remembered')}
          </Text>
          <Reasons reasons={message.categoryReasons} of="category" />
        </Part>
        <Part title={t('mail.spam.title')}>
          {spam.verdict ? (
            <Group gap="xs">
              <Badge color={verdictColors[spam.verdict]} variant="light" tt="none">
                {t(`mail.verdict.${spam.verdict}`)}
              </Badge>
              {spam.score !== null && (
                <Text size="xs" c="dimmed">
                  {t('mail.score', {
                    score: number(spam.score, { maximumFractionDigits: 1, signDisplay: 'always' }),
                  })}
                </Text>
              )}
            </Group>
          ) : (
            <Text size="sm">{t('mail.verdict.none')}</Text>
          )}
          <Reasons reasons={spam.reasons} of="spam" />
          <Group gap="xs">
            {isJunk ? (
              <Button size="xs" leftSection={<ShieldCheck size={15} />} onClick={() => report('inbox')}>
                {t('mail.notSpam')}
              </Button>
            ) : (
              <Button
                size="xs"
                variant="default"
                leftSection={<OctagonAlert size={15} />}
                onClick={() => report('junk')}
              >
                {t('mail.spam')}
              </Button>
            )}
            <Rules address={message.from[0]?.address} />
          </Group>
        </Part>
        <Part title={t('mail.authentication')}>
          {authentication ? (
            <Findings authentication={authentication} />
          ) : (
            <Text size="sm">{t('mail.auth.none')}</Text>
          )}
        </Part>
      </Stack>
    </Drawer>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} mb="xs">
        {title}
      </Title>
      <Stack gap="xs">{children}</Stack>
    </section>
  )
}

function Reasons({ reasons, of }: { reasons: readonly Reason[]; of: 'spam' | 'category' }) {
  const words = useWords()
  if (reasons.length === 0) return null
  return (
    <ul className={classes.reasons}>
      {reasons.map((reason) => {
        const weight = of === 'spam' ? (reason.weight ?? 0) : 0
        return (
          <li
            key={reason.code + JSON.stringify(reason.parameters)}
            data-speaks={weight > 0 ? 'against' : weight < 0 ? 'for' : undefined}
          >
            {reasonText(words, reason, of)}
            {weight !== 0 && (
              <span className={classes.weight}>
                {words.number(weight, { maximumFractionDigits: 1, signDisplay: 'always' })}
              </span>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function Rules({ address }: { address: string | undefined }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const save = useCommand(mail.calls.saveContact, { refreshes: [mail.calls.listContacts] })
  if (!address) return null
  const set = (rule: 'allow' | 'block') =>
    save.mutate(
      { address, rule },
      {
        onError: notifyFailure,
        onSuccess: () =>
          showNotice(t(rule === 'allow' ? 'mail.allow.done' : 'mail.block.done', { sender: address })),
      },
    )
  return (
    <>
      <Button size="xs" variant="default" onClick={() => set('allow')}>
        {t('mail.allow')}
      </Button>
      <Button size="xs" variant="default" onClick={() => set('block')}>
        {t('mail.block')}
      </Button>
    </>
  )
}

/** SPF, DKIM, DMARC and how it came, each in a sentence. */
function Findings({ authentication }: { authentication: Authentication }) {
  const { t } = useWords()
  const { spf, dkim, dmarc, arc, client } = authentication
  const good = (result: string) => (result === 'pass' ? 'for' : result === 'fail' ? 'against' : undefined)
  const outcome = (result: Authentication['spf']['result']) => t(`mail.outcome.${result}`)
  return (
    <ul className={classes.reasons}>
      <li data-speaks={good(dmarc.result)}>
        {t('mail.auth.dmarc', { domain: dmarc.domain || '–', result: outcome(dmarc.result) })}
      </li>
      <li data-speaks={good(spf.result)}>
        {t('mail.auth.spf', { domain: spf.domain || '–', result: outcome(spf.result) })}
      </li>
      {dkim.map(({ domain, selector, result }) => (
        <li key={`${domain} ${selector}`} data-speaks={good(result)}>
          {t('mail.auth.dkim', { domain, result: outcome(result) })}
        </li>
      ))}
      {arc.result !== 'none' && (
        <li data-speaks={good(arc.result)}>
          {t('mail.auth.arc', { sealers: arc.sealers.join(', ') || '–', result: outcome(arc.result) })}
        </li>
      )}
      <li data-speaks={client.isEncrypted ? 'for' : undefined}>
        {t('mail.auth.client', { name: client.name || client.address, address: client.address })}{' '}
        {t(client.isEncrypted ? 'mail.encrypted' : 'mail.notEncrypted')}
      </li>
    </ul>
  )
}
