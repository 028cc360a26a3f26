/** Who the person is to others, and how to reach them. */
import { Anchor, Badge, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Language, type Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { changeAccount, useAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { PictureSection } from './PictureSection.tsx'

export function ProfilePage() {
  const { t } = useWords()
  const account = useAccount()
  return (
    <Page title={t('account.profile')} text={t('profile.text')}>
      <PictureSection account={account} />
      <PersonSection account={account} />
      <PlaceSection account={account} />
    </Page>
  )
}

/** Empty text stands for none. */
const orNull = (text: string) => (text.trim() === '' ? null : text)

function PersonSection({ account }: { account: Account }) {
  const { t } = useWords()
  const queries = useQueryClient()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.changeProfile, {
    initialValues: { name: account.name, email: account.email ?? '', phone: account.phone ?? '' },
    validate: { name: (name) => (name.trim() === '' ? t('field.needed') : null) },
    inputOf: ({ name, email, phone }) => ({
      name,
      ...(orNull(email) !== account.email && { email: orNull(email) }),
      ...(orNull(phone) !== account.phone && { phone: orNull(phone) }),
    }),
    onDone(changed) {
      changeAccount(queries, changed)
      form.setValues({ name: changed.name, email: changed.email ?? '', phone: changed.phone ?? '' })
      form.resetDirty()
      showNotice(t('action.saved'))
    },
  })
  return (
    <Section title={t('profile.person')}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {account.userid !== null && (
            <TextInput label={t('field.mailbox')} value={account.userid} readOnly variant="filled" />
          )}
          <TextInput label={t('field.name')} autoComplete="name" {...form.getInputProps('name')} />
          <TextInput
            type="email"
            inputMode="email"
            label={t('field.contactEmail')}
            description={account.userid === null ? undefined : t('profile.emailHint')}
            autoComplete="email"
            {...form.getInputProps('email')}
          />
          <Verification
            isVerified={account.isEmailVerified}
            channel="email"
            isGiven={account.email !== null}
          />
          <TextInput
            type="tel"
            inputMode="tel"
            label={t('field.phone.label')}
            autoComplete="tel"
            {...form.getInputProps('phone')}
          />
          <Verification
            isVerified={account.isPhoneVerified}
            channel="phone"
            isGiven={account.phone !== null}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending} disabled={!form.isDirty()}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}

interface VerificationProps {
  channel: 'email' | 'phone'
  isGiven: boolean
  isVerified: boolean
}

function Verification({ channel, isGiven, isVerified }: VerificationProps) {
  const { t } = useWords()
  if (!isGiven) return null
  if (isVerified)
    return (
      <Badge variant="light" color="green" tt="none" fw={500} mt={-8}>
        {t('profile.verified')}
      </Badge>
    )
  return (
    <Text size="sm" c="dimmed" mt={-8}>
      {t('profile.notVerified')}{' '}
      <Anchor renderRoot={(props) => <Link {...props} to="/verify" search={{ channel }} />} inherit>
        {t('profile.verify')}
      </Anchor>
    </Text>
  )
}

function PlaceSection({ account }: { account: Account }) {
  const { t } = useWords()
  /** There are over 400 time zones, too many to be drawn before somebody comes near them. */
  const [isOpened, setOpened] = useState(false)
  const queries = useQueryClient()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.changeProfile, {
    initialValues: { language: account.language, timeZone: account.timeZone },
    onDone(changed) {
      changeAccount(queries, changed)
      form.resetDirty()
      showNotice(t('action.saved'))
    },
  })
  return (
    <Section title={t('profile.place')} text={t('profile.placeText')}>
      <form onSubmit={submit}>
        <Stack onPointerEnter={() => setOpened(true)} onFocus={() => setOpened(true)}>
          <NativeSelect
            label={t('language.label')}
            data={Language.options.map((value) => ({ value, label: t(`language.${value}`) }))}
            {...form.getInputProps('language')}
          />
          <NativeSelect
            label={t('field.timeZone')}
            data={isOpened ? timeZones(account.timeZone) : [account.timeZone]}
            {...form.getInputProps('timeZone')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending} disabled={!form.isDirty()}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}

/** Those that the browser knows, and the one that is chosen. */
function timeZones(chosen: string): string[] {
  return [...new Set([chosen, ...Intl.supportedValuesOf('timeZone')])].toSorted()
}
