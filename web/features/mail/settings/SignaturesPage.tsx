/** What stands below one's messages. */
import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { Plus, Signature as SignatureIcon } from 'lucide-react'
import { useRef, useState } from 'react'
import { v7 } from 'uuid'
import type { MailPreferences } from '#contracts/mail/settings.ts'
import { useWords } from '#web/app/language.tsx'
import { failureText } from '#web/ui/failure.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty } from '#web/ui/states.tsx'
import { Editor, type TiptapEditor } from '../compose/Editor.tsx'
import { EditorTools } from '../compose/EditorTools.tsx'
import { plainText } from '../compose/plain-text.ts'
import { useChangePreferences, WithPreferences } from './preferences.tsx'
import classes from './settings.module.css'

type Signature = MailPreferences['signatures'][number]

export function SignaturesPage() {
  const { t } = useWords()
  return (
    <Page title={t('mailSettings.signatures')} text={t('signatures.text')}>
      <WithPreferences>{(preferences) => <Signatures preferences={preferences} />}</WithPreferences>
    </Page>
  )
}

function Signatures({ preferences }: { preferences: MailPreferences }) {
  const { t } = useWords()
  const { signatures } = preferences
  const change = useChangePreferences()
  const [edited, setEdited] = useState<Signature>()
  const [removed, setRemoved] = useState<Signature>()
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setEdited({ id: v7(), name: '', html: '' })}>
      {t('signatures.add')}
    </Button>
  )
  return (
    <>
      <Section title={t('signatures.yours')} actions={signatures.length > 0 && add}>
        {signatures.length === 0 && (
          <Empty isSmall icon={SignatureIcon} title={t('signatures.none')}>
            {add}
          </Empty>
        )}
        <Stack gap="sm">
          {signatures.map((signature) => (
            <Group key={signature.id} justify="space-between" wrap="nowrap" align="flex-start">
              <Stack gap={0} miw={0}>
                <Text size="sm" fw={600}>
                  {signature.name}
                </Text>
                <Text size="xs" c="dimmed" lineClamp={2}>
                  {plainText(signature.html)}
                </Text>
              </Stack>
              <Group gap="xs" wrap="nowrap">
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t('signatures.changeNamed', { name: signature.name })}
                  onClick={() => setEdited(signature)}
                >
                  {t('signatures.change')}
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t('signatures.removeNamed', { name: signature.name })}
                  onClick={() => setRemoved(signature)}
                >
                  {t('signatures.remove')}
                </Button>
              </Group>
            </Group>
          ))}
        </Stack>
      </Section>
      {signatures.length > 0 && <Defaults preferences={preferences} />}
      {edited && (
        <SignatureDialog
          signature={edited}
          onSave={(saved) => change.mutateAsync({ signatures: withSignature(signatures, saved) })}
          onClose={() => setEdited(undefined)}
        />
      )}
      {removed && (
        <Question
          title={t('signatures.removeNamed', { name: removed.name })}
          action={t('signatures.remove')}
          onConfirm={() => change.mutateAsync(without(preferences, removed))}
          onClose={() => setRemoved(undefined)}
        >
          <Text size="sm">{t('signatures.removeText')}</Text>
        </Question>
      )}
    </>
  )
}

/** Which is put in by itself. */
function Defaults({ preferences }: { preferences: MailPreferences }) {
  const { t } = useWords()
  const change = useChangePreferences()
  const notifyFailure = useFailureNotice()
  const { signatures, newSignature, replySignature } = preferences
  const choices = [
    { value: '', label: t('compose.noSignature') },
    ...signatures.map(({ id, name }) => ({ value: id, label: name })),
  ]
  const put = (field: 'newSignature' | 'replySignature', id: string) =>
    change.mutate({ [field]: id === '' ? null : id }, { onError: notifyFailure })
  return (
    <Section title={t('signatures.defaults')}>
      <Group grow align="flex-start">
        <NativeSelect
          label={t('signatures.forNew')}
          data={choices}
          value={newSignature ?? ''}
          disabled={change.isPending}
          onChange={({ currentTarget }) => put('newSignature', currentTarget.value)}
        />
        <NativeSelect
          label={t('signatures.forReplies')}
          data={choices}
          value={replySignature ?? ''}
          disabled={change.isPending}
          onChange={({ currentTarget }) => put('replySignature', currentTarget.value)}
        />
      </Group>
    </Section>
  )
}

interface SignatureDialogProps {
  signature: Signature
  onSave: (signature: Signature) => Promise<unknown>
  onClose: () => void
}

function SignatureDialog({ signature, onSave, onClose }: SignatureDialogProps) {
  const words = useWords()
  const { t } = words
  const [name, setName] = useState(signature.name)
  const [editor, setEditor] = useState<TiptapEditor>()
  const [failure, setFailure] = useState<string>()
  const [isPending, setPending] = useState(false)
  const html = useRef(() => signature.html)
  async function save(): Promise<void> {
    setPending(true)
    try {
      await onSave({ id: signature.id, name: name.trim(), html: html.current() })
      onClose()
    } catch (error) {
      setFailure(failureText(words, error))
    } finally {
      setPending(false)
    }
  }
  return (
    <Modal
      opened
      size="lg"
      closeOnClickOutside={false}
      onClose={onClose}
      title={signature.name === '' ? t('signatures.add') : signature.name}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Stack>
          <TextInput
            label={t('field.label')}
            description={t('signatures.nameHint')}
            maxLength={100}
            required
            autoComplete="off"
            data-autofocus
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <div className={classes.editor}>
            {editor && <EditorTools editor={editor} />}
            <Editor
              html={signature.html}
              label={t('compose.signature')}
              onReady={setEditor}
              onChange={(make) => (html.current = make)}
            />
          </div>
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending} disabled={name.trim() === ''}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function withSignature(signatures: readonly Signature[], saved: Signature): Signature[] {
  const isThere = signatures.some(({ id }) => id === saved.id)
  return isThere ? signatures.map((one) => (one.id === saved.id ? saved : one)) : [...signatures, saved]
}

function without({ signatures, newSignature, replySignature }: MailPreferences, { id }: Signature) {
  const kept = (chosen: string | null) => (chosen === id ? null : chosen)
  return {
    signatures: signatures.filter((one) => one.id !== id),
    newSignature: kept(newSignature),
    replySignature: kept(replySignature),
  }
}
