/** Off-boarding, coming back, and erasing. */
import { Button, Group, List, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Question } from '#web/ui/Question.tsx'
import { Section } from '#web/ui/Section.tsx'

const refreshes = [identity.calls.showAccount, identity.calls.listAccounts, identity.calls.listAllSessions]

export function AccountEnding({ account }: { account: Account }) {
  const { t } = useWords()
  const own = useAccount()
  const notifyFailure = useFailureNotice()
  const [asked, setAsked] = useState<'offboard' | 'erase'>()
  const restore = useCommand(identity.calls.restoreAccount, {
    refreshes,
    onDone: () => showNotice(t('account.restored')),
  })
  const close = () => setAsked(undefined)
  if (own.id === account.id) return null
  return (
    <>
      <Section
        title={t('account.offboard')}
        text={account.isDisabled ? t('account.isOff') : t('account.offboardText')}
        actions={
          account.isDisabled ? (
            <Button
              variant="default"
              loading={restore.isPending}
              onClick={() => restore.mutate({ accountId: account.id }, { onError: notifyFailure })}
            >
              {t('account.restore')}
            </Button>
          ) : (
            <Button color="red" variant="outline" onClick={() => setAsked('offboard')}>
              {t('account.offboardAction')}
            </Button>
          )
        }
      />
      <Section
        title={t('erase.title')}
        text={t('account.eraseText')}
        actions={
          <Button color="red" variant="outline" onClick={() => setAsked('erase')}>
            {t('erase.action')}
          </Button>
        }
      />
      {asked === 'offboard' && <OffboardQuestion account={account} onClose={close} />}
      {asked === 'erase' && <EraseQuestion account={account} onClose={close} />}
    </>
  )
}

interface EndingProps {
  account: Account
  onClose: () => void
}

function OffboardQuestion({ account, onClose }: EndingProps) {
  const { t, counted } = useWords()
  const offboard = useCommand(identity.calls.offboardAccount, {
    refreshes,
    onDone: ({ endedSessions }) => showNotice(counted('account.offboarded', endedSessions)),
  })
  return (
    <Question
      title={t('account.offboardNamed', { name: account.name })}
      action={t('account.offboardAction')}
      onConfirm={() => offboard.mutateAsync({ accountId: account.id })}
      onClose={onClose}
    >
      <Text size="sm">{t('account.offboardThen')}</Text>
      <List size="sm">
        <List.Item>{t('account.offboardSessions')}</List.Item>
        <List.Item>{t('account.offboardKeys')}</List.Item>
        <List.Item>{t('account.offboardSignIn')}</List.Item>
        <List.Item>{t('account.offboardKeeps')}</List.Item>
      </List>
    </Question>
  )
}

function EraseQuestion({ account, onClose }: EndingProps) {
  const { t } = useWords()
  const [typed, setTyped] = useState('')
  const name = account.userid ?? account.email ?? account.name
  const erase = useCommand(identity.calls.eraseAccount, {
    refreshes: [...refreshes, identity.calls.listErasures],
    onDone: () => showNotice(t('account.erasing')),
  })
  return (
    <Question
      title={t('account.eraseNamed', { name: account.name })}
      action={t('erase.confirm')}
      isDisabled={typed.trim() !== name}
      onConfirm={() => erase.mutateAsync({ accountId: account.id })}
      onClose={onClose}
    >
      <Text size="sm">{t('account.eraseThen')}</Text>
      <Group grow>
        <TextInput
          label={t('erase.name', { name })}
          autoComplete="off"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </Group>
    </Question>
  )
}
