import { I18nProvider } from "@cloudscape-design/components/i18n"
import messages from "@cloudscape-design/components/i18n/messages/all.en"
import { QueryClientProvider } from "@tanstack/react-query"
import { render } from "@testing-library/react"
import type { ReactNode } from "react"
import { MemoryRouter } from "react-router"
import { createQueryClient } from "../../console/api/queries.ts"
import { NotificationsBar, NotificationsProvider } from "../../console/frame/notifications.tsx"
import { ApiUrlContext } from "../../console/session/api-url.ts"
import type { Session } from "../../console/session/session.ts"
import { SessionContext } from "../../console/session/use-session.ts"
import { ApiProblem, type Client } from "../../shared/contract/client.ts"
import type { Token, User } from "../../shared/contract/objects.ts"
import { permissionsOf } from "../../shared/contract/permissions.ts"
import { type ProblemCode, problemBody } from "../../shared/contract/problems.ts"

export const aUser = (over: Partial<User> = {}): User => ({
  id: 1,
  user_id: "api_access@service",
  user_name: "api_access@service",
  email: "service@example.com",
  name: "API Access",
  user_type: "Service",
  role: "Editor",
  teams: ["Public"],
  purpose: null,
  active: true,
  status: "active",
  created_at: "2026-11-23T12:00:00Z",
  created_by_id: 1,
  last_used: null,
  bound: false,
  ...over,
})

export const aToken = (over: Partial<Token> = {}): Token => ({
  id: 2,
  name: "production",
  type: "Service",
  active: true,
  status: "active",
  expiration: null,
  last_used: null,
  handle: "symsvc_HSYTyqcksHSYTyqduY",
  allowed_cidrs: [],
  created_at: "2026-11-23T12:00:00Z",
  created_by_id: 1,
  flags: [],
  rotation: null,
  user: { id: 1, user_id: "api_access@service", name: "API Access", user_type: "Service" },
  ...over,
})

export const problem = (status: number, code: ProblemCode, extras: Record<string, unknown> = {}) =>
  new ApiProblem(status, problemBody(code, "request-1", extras))

/** A page of the one part of a client's calls that a test is about; every list that it doesn't name is empty. */
function clientOf(calls: Partial<Client>): Client {
  const empty = async () => ({ items: [], next_cursor: null })
  return new Proxy(calls, { get: (target, key) => Reflect.get(target, key) ?? empty }) as Client
}

/** Shows a part of the console to an administrator, in front of a fake API. */
export function show(what: ReactNode, calls: Partial<Client>) {
  const me = aUser({ id: 9, user_id: "admin@example.com", user_type: "User", role: "Admin" })
  const state = { status: "signed-in" as const, me: { ...me, permissions: permissionsOf("Admin") } }
  const session = {
    client: clientOf(calls),
    state: () => state,
    subscribe: () => () => undefined,
  } as unknown as Session
  return render(
    <I18nProvider locale="en" messages={[messages]}>
      <ApiUrlContext value="https://symbolon.example.com/api">
        <SessionContext value={session}>
          <QueryClientProvider client={createQueryClient()}>
            <MemoryRouter>
              <NotificationsProvider>
                <NotificationsBar />
                {what}
              </NotificationsProvider>
            </MemoryRouter>
          </QueryClientProvider>
        </SessionContext>
      </ApiUrlContext>
    </I18nProvider>,
  )
}
