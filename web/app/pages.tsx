/** What is shown while a page comes, when it failed, and where there is none. */
import { Box, Button, Center, Loader } from '@mantine/core'
import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { MapPinOff } from 'lucide-react'
import { useWords } from '#web/app/language.tsx'
import { usePageTitle } from '#web/ui/page-title.ts'
import { Empty, Failed } from '#web/ui/states.tsx'

export function PagePending() {
  const { t } = useWords()
  return (
    <Center mih={240} role="status" aria-label={t('state.loading')}>
      <Loader size="sm" />
    </Center>
  )
}

export function PageFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return <Failed error={error} onRetry={retry} />
}

export function NotFound() {
  const { t } = useWords()
  usePageTitle(t('notFound.title'))
  return (
    <Box component="main" mih="80dvh" style={{ display: 'grid', placeItems: 'center' }}>
      <Empty icon={MapPinOff} title={t('notFound.title')} text={t('notFound.text')}>
        <Button component={Link} to="/" variant="default" mt="xs">
          {t('notFound.home')}
        </Button>
      </Empty>
    </Box>
  )
}
