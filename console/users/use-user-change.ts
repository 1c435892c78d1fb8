import { useMutation, useQueryClient } from "@tanstack/react-query"
import type { BodyInput } from "../../shared/contract/endpoints.ts"
import type { User } from "../../shared/contract/objects.ts"
import { refreshTokens } from "../api/tokens-shown.ts"
import { useSession } from "../session/use-session.ts"

/** A change of a user. Its page shows the answer at once; lists, tokens and events are read again. */
export function useUserChange(id: number, onChanged: (user: User) => void) {
  const { client } = useSession()
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: BodyInput<"users/update">) => client["users/update"]({ id, body }),
    onSuccess: (user) => {
      queryClient.setQueryData(["users/get", { id }], user)
      onChanged(user)
    },
    onSettled: () =>
      Promise.all([
        refreshTokens(queryClient),
        ...["users/list", "users/get", "audit-events/list"].map((key) =>
          queryClient.invalidateQueries({ queryKey: [key] }),
        ),
      ]),
  })
}
