// Made by `npm run generate` from internal/httpapi/openapi.yaml. Do not edit.

export interface paths {
    "/v1/sigils": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List memories
         * @description Lists memories, newest first unless `sort` says otherwise, and refreshes none. All filters that are set
         *     apply. A page ends after `limit` memories, or earlier, at 8 MiB of data (`--max-page-bytes`); `next`
         *     continues in both cases, with the same `sort`.
         */
        get: operations["list"];
        put?: never;
        /**
         * Encode a memory
         * @description Keeps a JSON value and answers with the memory at the time of the encode. It is durable when
         *     the answer arrives. For 24 hours, a repeated request with the same `Idempotency-Key` and the same content gets
         *     the same answer, whatever happened to the memory since. White space, the order of members and the escapes in
         *     strings do not change the content, but the digits of numbers do; the answer has `data` in the form of the
         *     repeated request. If the tenant's quota is exceeded, the memories nearest to their deadlines are evicted.
         *
         *     If the tenant has a live memory with the same content, the answer names it as `duplicateOf`, and `onDuplicate` decides.
         *     With `similar` the answer names up to ten memories that are near in meaning.
         */
        post: operations["encode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:batch": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Encode many memories
         * @description Answers with one result for each item, in order, when all kept ones are durable. An invalid item gets its
         *     own problem and does not affect the others; it can be corrected and the batch sent again. An `idempotencyKey`
         *     belongs to its item, in whichever batch the item is sent. With an `Idempotency-Key`, each item without a key gets
         *     that key, "/" and its index, counted from 0 over all items, including refused ones. In NDJSON, each line is one
         *     item of the array in the schema, and blank lines are ignored; the answer is NDJSON too.
         */
        post: operations["encodeBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:import": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bring exported memories back
         * @description Inserts memories as they are, with their ids, ages, recalls, deadlines and policies, and answers with one result for
         *     each, in order, when all inserted ones are durable. An invalid one gets its own problem and does not affect the
         *     others. It can be repeated: a memory that is there with the same data, state, tags, ttl and vector is `same`, and stays
         *     as it is, with the recalls that it has; one with other content is the problem `exists`, whose `field` names what
         *     differs, and so is one that was removed here and can still be restored. A memory that is past its deadline is `faded`, and not inserted.
         *
         *     Former versions come after the memories that superseded them, each after the one that superseded it, as an export has them; they are
         *     kept in the history, and are never live. One that is live here is superseded. A memory that was superseded here since is `superseded`, a
         *     version of a memory that is not here `detached`.
         *
         *     Figures that follow from others must be right here, too: `hash` and `frequency` from `data`, `potential` and `crystallized` from
         *     `state`, `fadesAt` from the times, `ttl`, `pinned`, `crystallized` and `policy`. No time may be in the future. The quota of the
         *     tenant applies as it does to encodes. The journal says `encoded` with the reason `import`. In NDJSON, each line is one item of the array
         *     in the schema, and blank lines are ignored; the answer is NDJSON too.
         */
        post: operations["importMemories"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:export": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Export memories
         * @description The tenant's memories with everything that an import needs, newest first, without refreshing them. A page ends early at 8 MiB of data
         *     (`--max-page-bytes`). A memory that is there from the first page to the last is on exactly one page, with the
         *     figures that it had then; one that is encoded meanwhile is on none. `sigil export` makes a file of all pages of all tenants.
         *
         *     With `superseded=true` it returns former versions instead: what the live memories have superseded, chain by chain and each from the
         *     newest version on. `leftOut` counts versions that are on no page, since the newest one of their chain has faded or was removed.
         */
        get: operations["exportMemories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Name all tenants
         * @description The tenants that have a memory, a crystal, a signature of code or a policy of their own, whatever `Sigil-Tenant` says. A proxy that keeps tenants apart
         *     should refuse this path to them.
         */
        get: operations["tenants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:recall": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Recall many memories
         * @description Recalls the memory of each id and answers with one result for each, in order. Once the answer holds 8 MiB of
         *     data (`--max-page-bytes`), the rest are not recalled: each of them gets the problem `answer_full`; request them
         *     again.
         */
        post: operations["recallMany"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:search": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Search memories, with the query in the URL
         * @description Is the same as the POST, for simple callers: `q` is its `query`, the parameters of tags may be repeated, and each weight has a
         *     parameter. There is `q`, `vector`, both, or `like`. It refreshes nothing: `recall` needs the POST.
         */
        get: operations["searchSimply"];
        put?: never;
        /**
         * Search memories
         * @description Finds memories by what they say: by the words of their strings, numbers and tags, and by what those mean. The more
         *     and the rarer the words that a memory has, and the nearer its vector is to that of the query, the higher is its
         *     score. A memory that means the same may have none of the words; with a weight of 0 for `meaning`, each hit has at
         *     least one. What the query requires or excludes (`"a phrase"`, `-without`, `/pointer:word`, `tag:word`) holds for all.
         *     A search sees every change that was answered before it. It refreshes no memory, unless `recall` is true.
         *
         *     There is `query`, `vector`, both, or `like`. A `vector` is compared with those that were given with memories and have
         *     as many dimensions, in the place of the vector that is made of the query. `like` finds what is like a memory, by its
         *     words and its vector.
         *
         *     Pages lead to the best 1,000 hits (`--max-page`); with a weight for freshness or strength, to the best 200, which
         *     are ordered anew. A page ends after `limit` hits, or earlier, at 8 MiB of data (`--max-page-bytes`).
         */
        post: operations["search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        /**
         * Peek at a memory
         * @description Reads the memory without refreshing it.
         */
        get: operations["peek"];
        put?: never;
        post?: never;
        /**
         * Forget a memory
         * @description Removes the memory, with its crystal. When the answer arrives, that is durable, and no read returns the memory
         *     again unless it is restored: that can be done until the time in `Sigil-Restorable-Until`. Its bytes stay in the store's
         *     files until they are compacted.
         *
         *     With `erase=true` the memory, live or removed, is erased as by `POST /v1/sigils:erase`, and the answer is 200 with the receipt.
         */
        delete: operations["forget"];
        options?: never;
        head?: never;
        /**
         * Change a memory
         * @description Changes tags, ttl, life and pin, all at once or not at all. The body is a JSON merge patch (RFC 7396): a member that is left
         *     out stays as it is, null removes tags, ttl or life, and tags replace all that there were. What is already as the request
         *     says does not change, so that a request can be repeated. What is different then is journaled in one entry of kind
         *     `changed`, which names it.
         *
         *     A `ttl` counts from `createdAt`, and must not have ended already. If another `life` is set, or none, or the memory is unpinned,
         *     its idleness starts now, under the current policy; otherwise the change does not refresh it. Without a life of its own, the
         *     memory lives as long as its policy says; that takes with it what recalls under `fsrs` have added.
         *
         *     Content cannot be changed (`immutable_field`): encode what is right, by `POST /v1/sigils/{id}:correct`.
         */
        patch: operations["change"];
        trace?: never;
    };
    "/v1/sigils/{id}:recall": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Recall a memory
         * @description Reads the memory and refreshes it: `accessCount` grows by one, its decay is 0 again, and its deadline moves.
         *     The refresh is durable at most a second later.
         */
        post: operations["recall"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}:correct": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Correct a memory
         * @description Keeps a memory that supersedes this one, which leaves reads, searches, lists and related memories at the same moment. When the answer
         *     arrives, both are durable. The journal has an entry of the kind `corrected` with the ids of both, and then `encoded` for the
         *     new one. The new memory has the id of the old one as `supersedes`; whatever asks for the old one is answered with `superseded`
         *     and the id of the new one. What it said stays in the history, as long as the new memory lives or can be restored, also
         *     with `--undo 0`, and goes with it. Of one memory, the newest 1,000 versions are kept (`--max-versions`): a correction drops those
         *     before them for good. No version counts towards the quota.
         *
         *     The body is that of an encode. What it does not say is as it was with the old memory: `tags`, `state`, a pin, the end of a ttl, a
         *     `policy` of its own, and how slowly it decays, by a `life` and by what recalls have made of it. Recalls, age and idleness begin anew. `onDuplicate` may be `keep` or `reject`, and looks at the old memory as well: with `reject`, a
         *     correction to what is there already is refused with `duplicate`. `Idempotency-Key` is honored as for an encode.
         */
        post: operations["correct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}/history": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        /**
         * List the versions of a memory
         * @description Lists the chain of corrections that the memory belongs to, the newest first: the live one, what it superseded, and so on. Any id of
         *     the chain will do. A memory that was never corrected is the only one of its chain. Beside the live one, a chain has at most 1,000
         *     versions (`--max-versions`). A page ends after `limit` versions, or
         *     earlier, at 8 MiB of data (`--max-page-bytes`). Nothing is refreshed. If the newest memory was forgotten or has faded,
         *     there is no history until it is restored.
         */
        get: operations["history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}:restore": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a memory
         * @description Brings back a memory that faded, was evicted or was forgotten, with its id, data, tags, pin, crystal and `accessCount`. Its
         *     idleness starts anew under the current policy, as with a recall; a ttl that has ended is gone. The restore is
         *     durable when the answer arrives, and the journal has an entry of the kind `restored`. A live memory with the same
         *     content does not matter.
         *
         *     A memory can be restored for 24 hours after its removal (`--undo`), unless its tenant has more than 10,000 removed
         *     memories (`--undo-memories`) or 64 MiB of their data (`--undo-bytes`): then those that were removed first are
         *     dropped earlier. Nothing is evicted for a restore: over the tenant's quota it is refused with `quota_full`.
         */
        post: operations["restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:restore": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore many memories
         * @description Restores each memory in `ids`, or all that the journal's entries after the position `from` and up to `to` removed. Each gets
         *     its own result, with the status that a request of its own would have had, and without `data` and `state`. Results
         *     have the order of `ids`, or of the journal.
         *
         *     A memory that was corrected is never restored by itself: see `correct`. A span passes over it.
         *
         *     A span is read up to 10,000 removals (`--max-batch`). If `next` is less than `to`, there is more: send
         *     the request again with `next` as `from`. A memory that was removed again after `to` is not restored by
         *     this span. A span whose entries are no longer kept is 410.
         */
        post: operations["restoreMany"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils:erase": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase memories for good
         * @description Erases the memories that exactly one of `ids`, `tags`, `query` and `all` chooses, live ones and those that could have been
         *     restored; `query` finds live ones only. Nothing of them stays: data, figures, vectors, words of the index, what is kept for
         *     undo, answers kept for idempotency keys. Journal entries about them are replaced by their hashes, and a new one of the kind `erased`
         *     has only the id and the time. Webhooks and streams do not send them any more. `ids` that there are not are passed over.
         *
         *     When the answer arrives, that is durable, and the bytes have left the files of the embedded store; those of PostgreSQL are
         *     vacuumed. The receipt names the places that may still have them in `remains`, such as a backup that was made before. What patterns and
         *     their crystals say of all their members stays.
         *
         *     The answer has a receipt, which the store has signed, and which has no content. `sigil receipt verify` checks it offline. With
         *     `dryRun` nothing is erased, and there is no receipt: the answer only counts.
         *
         *     Erasing reads the tenant's journal and rewrites files, so it may take long: the time limit is five times `--request-timeout`. Many memories
         *     are erased in several steps. If the request ends early, some may be erased: send it again for the rest, and to have the bytes
         *     removed from the files. Then the receipt has what the second request erased.
         */
        post: operations["erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/receipts/key": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * The key that receipts are verified with
         * @description Returns the public key of the store, with which it signs the receipts of erasures. It is the same as long as the store lasts, for all
         *     tenants, and in a copy of the store. Note it while you trust the service: a receipt names its key, but only a key that you had
         *     before shows that it is your store's.
         */
        get: operations["receiptKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/removed": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List what can be restored
         * @description Lists the memories that faded, were evicted or were forgotten, and can be restored: the one removed last first. A page ends
         *     after `limit` memories, or earlier, at 8 MiB of data (`--max-page-bytes`). A memory that has faded is
         *     listed once a sweep has released it.
         */
        get: operations["removed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}:pin": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pin a memory
         * @description A pinned memory ends only by its ttl or when it is forgotten. Pinning it again changes nothing.
         */
        post: operations["pin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}:unpin": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unpin a memory
         * @description A memory that was pinned fades again, with its idleness counted from now, unless it is crystallized.
         */
        post: operations["unpin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}/related": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        /**
         * List memories that resonate with one
         * @description Lists the strongest first, and the newest first among equals. Nothing is refreshed. With `content`, an answer has at most 8 MiB of data (`--max-page-bytes`).
         */
        get: operations["related"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sigils/{id}/explain": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        /**
         * Explain why a memory is alive or gone
         * @description Returns the formula with its figures, and the memory's journal entries. Nothing is refreshed. A
         *     memory that is gone can be explained as long as the journal has entries of it. Of one that was erased, it has
         *     only when: that is in the detail of the 404.
         */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/forecast": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Forecast what fades
         * @description Counts and lists the memories that fade within a time if none is recalled. With `policy` it is a dry run,
         *     as if every memory had had that policy since it was last touched. Nothing is changed.
         *
         *     Starting a daemon with another policy is different: a memory gets the new policy only at its next recall.
         *     `fadingByOwnPolicy` counts the memories that fade in that case if none is recalled.
         */
        get: operations["forecast"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/crystals": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List crystals
         * @description Lists the crystals of patterns by group, then the crystals of memories, newest first.
         */
        get: operations["crystals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/patterns": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List patterns
         * @description Lists the patterns that have a live memory, by group.
         */
        get: operations["patterns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/identity": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * The engine's own sigil
         * @description Identifies the store and the tenant. It does not change while the store exists.
         */
        get: operations["identity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stats": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /** Count the tenant's memories */
        get: operations["stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * Read the journal
         * @description Returns what happened to the tenant's memories, in order. A client that continues after the `next` or `token` of
         *     each answer gets every entry exactly once. Recalls are not journaled. With `token`, it also notices that the store
         *     was restored from an older copy (410 `position_ahead`) when that has as many entries by then.
         *
         *     With `Accept: text/event-stream`, the answer is a stream that does not end: each entry is an event with its
         *     token as `id` and an Event as `data`. It begins after the position `after` or `Last-Event-ID` or, with
         *     neither, after the newest entry. An event `lagged` means that the reader is too slow and gets the rest
         *     from the journal; `reconnect`, that the daemon stops or hands over; `problem`, that the stream had to end.
         *     With `Upgrade: websocket`, it is a live connection that begins with a subscription, see /v1/ws.
         *
         *     A stream with `recalls=true` also has events `recalled`, with `Recalls` as `data` and no `id`: a recall is
         *     not in the journal. There is at most one such event a second, and it names each memory once. If several daemons
         *     use one database, each reports the recalls made through all of them, those of the others mostly half a second
         *     late.
         */
        get: operations["events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ws": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * A live connection
         * @description A WebSocket. Each message is a text with one JSON object. A client sends requests, `LiveRequest`, and gets
         *     one `LiveMessage` for each, with its `id` and the `status` that HTTP would have answered; answers may
         *     arrive in another order. At most 256 requests of one connection are in progress at once, of which at most 16 may
         *     be longer than 32 KiB. Encodes that arrive together are kept in one commit: sent without waiting for
         *     answers, they cost little more than a batch.
         *
         *     After `subscribe`, journal entries are sent as messages of type `events`, in order, each entry
         *     once. A reader that is too slow gets `lagged`, and the rest from the journal. With `after` in
         *     the query, the connection begins with a subscription. A subscription with `recalls` also gets messages of type
         *     `recalled`, at most one a second, which name each memory once: recalls are not in the journal.
         *
         *     A daemon that stops or hands over closes the connection with code 1012 and the reason `after=N`: connect again
         *     and subscribe after that position. A client that does not answer a ping within a minute is disconnected.
         */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/code:sign": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign a file with the service's key
         * @description Signs a source file and registers the signature. The service signs only if it was started with `--code-key`; otherwise
         *     the answer is 403 `signing_off`. No other operation uses that key. Whoever can send this request can sign, so leave
         *     it off unless a proxy asks for credentials.
         *
         *     With `content` the answer has the file with its header, if that kind of file can carry one; otherwise, or with
         *     `detached`, the signature is detached. With `sha256` and `size` of the body, the file without its header, the answer has
         *     a header whose lines end in LF, which belongs at the top of the file or after what must come first.
         */
        post: operations["codeSign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/code:verify": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify a file
         * @description Judges a file by its header or by a detached signature, or a hash by a header or detached signature alone. That a
         *     signature is registered is no reason to trust its key, since anyone can register. Trusted are the service's own key, the keys of
         *     its trust file (`--code-trust`), and for this answer alone those in `publicKeys`; a key that the service's trust file
         *     revokes stays revoked. A signature that is revoked in the registry is `revoked`. The place of a change is known from the
         *     checksums of the detached signature or of the registered one. It changes nothing.
         *
         *     A detached signature is judged by hash only as far as its trusted comment goes: send the content to judge all of it.
         */
        post: operations["codeVerify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/code": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List signatures
         * @description Newest first, by the signers' clocks, revoked or not.
         */
        get: operations["codeList"];
        put?: never;
        /**
         * Register a signature
         * @description Registers a signature that was made elsewhere: the header of a file with the size of its body, or a detached signature
         *     of sigil. The key must prove it; the file itself is not sent. The same signature again changes nothing and is
         *     answered with 200; one that was revoked stays revoked. A signature is never removed, and a tenant can have
         *     1,000,000.
         */
        post: operations["codeRegister"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/code/{hash}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The SHA-256 of a body, the file without its header.
                 * @example 1c04d2d642c188a78fd6cd1151fe811c755a673d2ffc61f7f81a3def42b16254
                 */
                hash: components["schemas"]["SHA256"];
            };
            cookie?: never;
        };
        /**
         * The signatures of a body
         * @description All of them, newest first, revoked or not.
         */
        get: operations["codeLookup"];
        put?: never;
        post?: never;
        /**
         * Revoke signatures
         * @description Revokes the signatures of a body that are registered by now, or only one of them. That is for ever: nothing
         *     undoes it, and nothing is removed. One that was revoked before keeps its first time and reason.
         */
        delete: operations["codeRevoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sweeps/{job}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The sweep to run.
                 * @example decay
                 */
                job: components["schemas"]["Job"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a sweep now
         * @description Runs for all tenants. Any number of sweeps may run at once.
         */
        post: operations["sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/backups": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * List backups, newest first
         * @description Lists the backups in the folder that the service was started with (`--backup-dir`), of all tenants, without their files. A backup whose
         *     manifest cannot be read has a `problem`. Unfinished backups are never listed.
         */
        get: operations["backups"];
        put?: never;
        /**
         * Make a backup now
         * @description Makes a backup of the whole store, of all tenants, while it serves, and answers when it is durable and was read back. It has everything
         *     that was acknowledged before the request. Then the oldest backups are removed, so that `--backup-keep` remain. Only the name may be
         *     chosen, never the folder. If the client leaves, or the time limit of five times `--request-timeout` passes, no backup is made.
         */
        post: operations["makeBackup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/clock:confirm": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm the clock
         * @description Says that the clock of the machine, or of the database, is right. While it is not confirmed (`held` in `/readyz`), nothing is
         *     swept. Afterwards time follows it, and what is due by it may fade. It concerns the service that answers.
         */
        post: operations["confirmClock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * How many memories have vectors
         * @description Counts the vectors that are made of the texts of memories, of all tenants. A search by meaning compares them; while some are
         *     missing, its answer says `building`.
         */
        get: operations["embeddings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policy": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /**
         * The tenant's policy
         * @description The policy that the tenant's memories get at each encode, recall and unpin: its own, or that of the service.
         */
        get: operations["getPolicy"];
        /**
         * Give the tenant a policy of its own
         * @description Memories get the policy at each encode, recall and unpin from now on; on PostgreSQL, other services learn of it within 5 seconds.
         *     A job that runs behind the answer brings the tenant's other memories under it, as if they had had it since they were last touched.
         *     Those whose deadlines have passed then fade at the next sweep, and can be restored like all others: ask with `dryRun` before, which counts
         *     them. The change is in the journal, as `policy`. To set the policy that the tenant has already changes nothing.
         */
        put: operations["setPolicy"];
        post?: never;
        /**
         * Give the tenant the service's policy
         * @description Takes the tenant's own policy away, and brings its memories under that of the service, as when a policy is set.
         */
        delete: operations["unsetPolicy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings:rebuild": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make all vectors anew
         * @description Drops the vectors that are made of texts, of all tenants, and has them made anew behind the answer; searches find words
         *     meanwhile. It is needed when an endpoint makes other vectors under the name of the same model. A service that is started again goes on.
         */
        post: operations["rebuildEmbeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings:stop": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop making missing vectors
         * @description The service that answers has no more vectors made by its endpoint for memories that miss theirs, until that is resumed or it is
         *     started again. New memories get theirs all the same. It has no effect if no endpoint makes them.
         */
        post: operations["stopEmbeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings:resume": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Go on making missing vectors */
        post: operations["resumeEmbeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the process alive? */
        get: operations["livez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Same as /livez */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Same as /livez */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Can it take requests now? */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics for Prometheus */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document, for people */
        get: operations["docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The console, or where to start */
        get: operations["landing"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/assets/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A file of the console.
                 * @example console.js
                 */
                file: "console.js" | "console.css" | "mark.svg";
            };
            cookie?: never;
        };
        /** A file of the console */
        get: operations["asset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/consciousness/sigils": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /** List memories, newest first */
        get: operations["oldList"];
        put?: never;
        /** Encode a memory */
        post: operations["oldEncode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sigil/api/consciousness/sigils": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        /** List memories, newest first */
        get: operations["oldListUnderSigil"];
        put?: never;
        /** Encode a memory */
        post: operations["oldEncodeUnderSigil"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Format: uuid
         * @description A UUID of version 7; ids sort by age.
         */
        ID: string;
        /**
         * @description A position of the journal and, after a hyphen, the first 16 hexadecimal digits of the hash of the entry there, which
         *     tell it from another one in a store that was restored from an older copy. A number alone is taken for any entry; a
         *     token that an answer has is one if no entry is there, as at position 0.
         */
        Token: string;
        Tenant: string;
        /**
         * Format: date-time
         * @description RFC 3339, UTC, milliseconds.
         */
        Time: string;
        Unit: number;
        /** @description At least 0 and below φ; there are only 1,000 values. */
        Frequency: number;
        /** @description The group key of a pattern, floor(frequency · 100). */
        Group: number;
        /** @description Any JSON value, at most 1 MiB and 64 levels deep. */
        Data: unknown;
        /**
         * @description A hard end, counted from the encode, which neither recalls nor a pin postpone. It is a duration such as "90s",
         *     "36h", "7d" or "1d12h", or a number of seconds, over 0 and at most 36500d. Null means no ttl. It does not
         *     make a memory live longer: without recalls, a memory fades by its policy, possibly before its ttl; the
         *     answer then has a warning. A pinned memory lives until its ttl.
         * @example 90s
         * @example 36h
         * @example 7d
         * @example 1d12h
         * @example 1.5h
         * @example 250ms
         * @example 36500d
         */
        TTL: string | number | null;
        /**
         * @description How long the memory lives untouched, instead of as long as its policy says: it decays as much more slowly, or faster.
         *     Each recall lets it begin anew. It has the forms of a `ttl`. Null means as the policy says. If the policy has a
         *     `grace` that is longer, the memory lives for that.
         * @example 365d
         * @example 36h
         * @example 90s
         */
        Life: string | number | null;
        /**
         * @description The encoder's description of the memory. Each omitted figure is 0.5. Other keys, at most
         *     4 KiB of them, are kept and returned.
         */
        State: {
            phi?: components["schemas"]["Unit"];
            coherence?: components["schemas"]["Unit"];
            awareness?: components["schemas"]["Unit"];
            emotionalResonance?: components["schemas"]["Unit"];
        } & {
            [key: string]: unknown;
        };
        /** @description A memory to be kept. */
        Draft: {
            data: components["schemas"]["Data"];
            state?: components["schemas"]["State"];
            ttl?: components["schemas"]["TTL"];
            life?: components["schemas"]["Life"];
            policy?: components["schemas"]["DraftPolicy"];
            pinned?: components["schemas"]["DraftPinned"];
            tags?: components["schemas"]["DraftTags"];
            vector?: components["schemas"]["Vector"];
            onDuplicate?: components["schemas"]["OnDuplicate"];
            similar?: components["schemas"]["LeastSimilar"];
        };
        /** @description What is to be changed of a memory. A member that is left out stays as it is. */
        Change: {
            /** @description All tags that the memory is to have. Null means none. */
            tags?: string[] | null;
            ttl?: components["schemas"]["TTL"];
            life?: components["schemas"]["Life"];
            pinned?: components["schemas"]["DraftPinned"];
        };
        /** @description Whether to pin the memory, so that it does not fade. The default is false. */
        DraftPinned: boolean;
        /**
         * @description What happens if the tenant has a live memory with the same content, that is with the same hash. `keep` encodes the
         *     memory all the same. `reinforce` recalls the one that is there and adds those of `tags` that it does not have; nothing
         *     else of the request applies. `reject` refuses the request with `duplicate`. The default is `keep`. Of requests that
         *     reinforce or reject, however many at once, one encodes the memory and the others find it.
         * @enum {string}
         */
        OnDuplicate: "keep" | "reinforce" | "reject";
        /**
         * @description Has the answer name memories of the tenant that are near in meaning: those whose vectors are at a cosine of at least so
         *     much. The vector of the request is compared if it has one, otherwise that of its text. If search by meaning is switched
         *     off, the request is refused (`search_off`, `meaning_off`).
         * @example 0.9
         */
        LeastSimilar: number;
        /** @description The caller's own labels, each of 1 to 128 bytes. */
        DraftTags: string[];
        /** @description A Draft that may have its own idempotency key. */
        BatchDraft: {
            data: components["schemas"]["Data"];
            state?: components["schemas"]["State"];
            ttl?: components["schemas"]["TTL"];
            life?: components["schemas"]["Life"];
            policy?: components["schemas"]["DraftPolicy"];
            pinned?: components["schemas"]["DraftPinned"];
            tags?: components["schemas"]["DraftTags"];
            vector?: components["schemas"]["Vector"];
            onDuplicate?: components["schemas"]["OnDuplicate"];
            similar?: components["schemas"]["LeastSimilar"];
            /**
             * @description Like the header `Idempotency-Key` of a request with one memory: an item repeated within 24 hours with the
             *     same content gets the same answer. No two items of a batch should have the same key.
             */
            idempotencyKey?: string;
        };
        /** @description An item that is not a BatchDraft gets its own problem. */
        Drafts: components["schemas"]["BatchDraft"][];
        /**
         * @description A memory at one moment. Without content, `data` and `state` are absent; in
         *     related memories, `hash` is absent too, and `tags` is empty.
         */
        Memory: {
            id: components["schemas"]["ID"];
            tenant: components["schemas"]["Tenant"];
            data?: components["schemas"]["Data"];
            state?: components["schemas"]["State"];
            /** @description SHA-256 of the canonical form (RFC 8785) of data. */
            hash?: string;
            frequency: components["schemas"]["Frequency"];
            pattern: components["schemas"]["Group"];
            /** @description The crystallization potential. Over 0.9, the memory is crystallized. */
            potential: components["schemas"]["Unit"];
            /** @description How far the memory has faded. */
            decay: components["schemas"]["Unit"];
            createdAt: components["schemas"]["Time"];
            lastAccessed: components["schemas"]["Time"];
            /** @description The number of recalls so far. */
            accessCount: number;
            /**
             * @description For how long the clock of the tenant has stood still since `lastAccessed`, because the tenant was not used: see `active` in the policy. That is no
             *     idleness, and `fadesAt` is so much later. It is left out if the clock has not stood still.
             * @example 5097600
             */
            stoodSeconds?: number;
            /**
             * Format: date-time
             * @description The time from which the memory is gone, unless it is recalled before. Null means never.
             */
            fadesAt: string | null;
            /**
             * @description The duration in its shortest form, in which only days may be over 99: 168h is 7d, 60m is 1h, 100s is 1m40s. Null
             *     means no ttl.
             * @example 7d
             * @example 36h
             * @example 90m
             * @example 1h40m
             * @example 1.5s
             * @example 250ms
             */
            ttl: string | null;
            /**
             * @description How long the memory lives untouched, in the form of `ttl`: as its policy says, unless the memory has a life of its
             *     own or was recalled under `fsrs`. Each recall lets it begin anew. Pinned or crystallized, the memory does not end
             *     by it. Null means that decay never ends it.
             * @example 30d6h5m2.112s
             * @example 365d
             */
            life: string | null;
            pinned: boolean;
            crystallized: boolean;
            /**
             * @description How the memory fades. Durations are in the form of a `ttl`.
             * @example classic rate=0.001 period=5s threshold=0.95
             * @example halflife h=7d threshold=0.95
             * @example power s=4d d=0.5 threshold=0.6
             * @example fsrs s=4d d=0.5 threshold=0.6 grace=1d
             */
            policy: string;
            tags: string[];
            spiral?: components["schemas"]["Spiral"];
            /** @description How alike the two frequencies are. Only related memories have it. */
            resonance?: components["schemas"]["Unit"];
            /** @description The memory that this one corrects, if that is still kept. */
            supersedes?: components["schemas"]["ID"];
            duplicateOf?: components["schemas"]["DuplicateOf"];
            similar?: components["schemas"]["Similar"];
            warnings?: components["schemas"]["Warnings"];
        };
        /**
         * Format: uuid
         * @description A memory of the tenant with the same content that was live at the encode: of several the one with the lowest id. It is
         *     the memory's own id if the encode reinforced it. Only the answer to an encode has it.
         */
        DuplicateOf: string;
        /**
         * @description Memories that were there when this one was encoded and are near to it in meaning, the nearest first. The memory itself is
         *     never among them, and of requests at the same time, or of items of one batch, none may name the others. Only the answer
         *     to an encode that has `similar` has it. It is empty if there are none; if it may lack some, there is the warning
         *     `similar_incomplete`.
         */
        Similar: {
            /** Format: uuid */
            id: string;
            /** @description The cosine of the angle between the two vectors, in ten-thousandths. */
            score: number;
        }[];
        /**
         * @description Warnings about an encode that succeeded, but may not do what its caller intended; absent if there are
         *     none. `ttl_over_life`: the ttl is longer than the memory lives without a recall. `similar_incomplete`: `similar` may lack
         *     memories, since not all have their vectors yet, or the endpoint that makes vectors did not answer.
         */
        Warnings: {
            code: string;
            /** @description The field of the request that the warning is about. */
            field: string;
            detail: string;
        }[];
        /** @description Six points, a pure function of the hash. */
        Spiral: {
            spiralAngle: number;
            spiralRadius: number;
            resonanceIntensity: components["schemas"]["Unit"];
            memoryWeight: components["schemas"]["Unit"];
        }[];
        /** @description The cursor of the next page. Null means that there is none. */
        Next: string | null;
        MemoryPage: {
            memories: components["schemas"]["Memory"][];
            next: components["schemas"]["Next"];
        };
        /** @description It has `query`, `vector`, both, or `like`. */
        Search: {
            /**
             * @description What to search for, as people type it: words (any of them; more rank higher), `"a phrase"`, `-without`, `pre*`,
             *     `/pointer:word` (only in that part of the data), `tag:word` (only in tags). Whatever cannot be read that way is
             *     words. At most 4,096 bytes.
             */
            query?: string;
            vector?: components["schemas"]["Vector"];
            /** @description The id of a memory. It is left out itself. */
            like?: components["schemas"]["ID"];
            /** @description The maximum number of hits. The default is 10. */
            limit?: number;
            /**
             * @description `next` of the page before, for the same query.
             * @example AgAAAAE_8AAAAAAAAAGaXz58AHo7jSE_CpxrHlU
             */
            cursor?: string;
            /** @description Only memories with all of these tags. */
            tags?: components["schemas"]["SearchTags"];
            /** @description Only memories with one of these tags. */
            anyTags?: components["schemas"]["SearchTags"];
            /** @description Only memories with none of these tags. */
            notTags?: components["schemas"]["SearchTags"];
            /** @description Only memories that are, or are not, pinned. */
            pinned?: boolean;
            /** @description Only memories that did, or did not, crystallize. */
            crystallized?: boolean;
            /** @description Only memories of this pattern. */
            pattern?: components["schemas"]["Group"];
            /**
             * Format: date-time
             * @description Only memories whose `createdAt` is after this time.
             */
            createdAfter?: string;
            /**
             * Format: date-time
             * @description Only memories whose `createdAt` is before this time.
             */
            createdBefore?: string;
            /**
             * Format: date-time
             * @description Only memories whose `fadesAt` is after this time. One that never fades is not among them.
             */
            fadingAfter?: string;
            /**
             * Format: date-time
             * @description Only memories whose `fadesAt` is before this time.
             */
            fadingBefore?: string;
            /** @description Only hits with at least this score. */
            minScore?: components["schemas"]["Score"];
            /**
             * @description The factors of the parts of a score. Those left out are 0.65 for words, 0.35 for meaning (1 and 0 if there is
             *     no search by meaning), and 0 for the others, which then order only hits of the same score. Without `weights`, a
             *     query that has only words or only a vector has 1 for that. With 0 for meaning, only words find.
             */
            weights?: {
                words?: components["schemas"]["Unit"];
                meaning?: components["schemas"]["Unit"];
                freshness?: components["schemas"]["Unit"];
                strength?: components["schemas"]["Unit"];
            };
            /**
             * @description How many bytes of `data` the hits may have together, to fit into a prompt. A memory that does not fit any more
             *     is left out; smaller ones after it may still fit. 0, the default, means no bound.
             */
            maxBytes?: number;
            /** @description Whether the memories in the answer are recalled, which refreshes them. */
            recall?: boolean;
            /** @description Whether hits have `matched`. */
            highlight?: boolean;
            /** @description Whether hits have `explanation`. */
            explain?: boolean;
            /** @description Whether the memories include `data` and `state`. The default is true. */
            content?: boolean;
        };
        /** @description Tags, each of 1 to 128 bytes. */
        SearchTags: string[];
        /** @description The sum of the parts, each times its weight. */
        Score: number;
        /** @description A vector of the caller's own. Only its direction counts, so not all of its numbers may be 0. */
        Vector: number[];
        SearchPage: {
            /** @description Best first; of the same score, the freshest first, then the most recalled, then the newest. */
            hits: components["schemas"]["Hit"][];
            next: components["schemas"]["Next"];
            /**
             * @description Whether everything was searched. It is false for a while after a start, while the index is built: memories
             *     may then be missing.
             */
            complete: boolean;
            /**
             * @description Whether vectors are searched besides words: `building` for a while after a start, when some memories may not
             *     have theirs yet.
             * @enum {string}
             */
            meaning: "ready" | "building" | "off";
            /**
             * @description The model of the vectors that were searched: that of the built-in ones, or `own` for those that were given with
             *     memories. It is absent if only words were searched.
             */
            model?: string;
        };
        Hit: {
            memory: components["schemas"]["Memory"];
            score: components["schemas"]["Score"];
            /**
             * @description `words` is the BM25 score divided by the highest one of the query; if there is meaning as well, in the best 100 hits
             *     near words count, too, and pairs of neighboring words. `meaning` is the cosine of the vectors of the query and
             *     the memory, or 0 if it is below. `freshness` is 1 − decay, and `strength` is n / (n + 4) after n recalls.
             */
            parts: {
                words: components["schemas"]["Unit"];
                meaning: components["schemas"]["Unit"];
                freshness: components["schemas"]["Unit"];
                strength: components["schemas"]["Unit"];
            };
            /** @description The places of the query's words, tags first; with `highlight`. */
            matched?: components["schemas"]["Matched"][];
            explanation?: components["schemas"]["ScoreExplanation"];
        };
        Matched: {
            /** @description The JSON pointer (RFC 6901) of the value in `data`, or of the tag in `tags`. */
            pointer: string;
            /** @description True if it is a tag. */
            tag?: boolean;
            /**
             * @description Each is two numbers: the first Unicode code point of the text that belongs to it, and the one after the last.
             *     A number is a text as it is written.
             */
            ranges: number[][];
        };
        /** @description The arithmetic of a score, with `explain`: the sum of the `parts` of the hit, each times its weight. */
        ScoreExplanation: {
            /** @description Of the parts. */
            weights: {
                words: components["schemas"]["Unit"];
                meaning: components["schemas"]["Unit"];
                freshness: components["schemas"]["Unit"];
                strength: components["schemas"]["Unit"];
            };
            /**
             * @description The part for words is the sum over these of factor · value / best. `bm25` is the score by words, `near` that by words
             *     which are near to one of the query's, and `pairs` the share of the query's pairs of neighboring words that are
             *     neighbors in the memory. Without search by meaning, and of hits after the first 100, there is only `bm25`.
             */
            words: {
                /** @enum {string} */
                name: "bm25" | "near" | "pairs";
                value: number;
                /** @description The highest value of all that were found. */
                best: number;
                factor: components["schemas"]["Unit"];
            }[];
            /** @description Cosines of the memory's vector with others. Absent if the query or the memory has none. */
            meaning?: {
                /** @description With the vector of the query. */
                query: number;
                /**
                 * @description With the vector that is compared in the end: the query's, moved toward those of the best hits. The part for meaning
                 *     is this, or 0 if it is below.
                 */
                moved: number;
                /** @description Over which a memory is found by its vector alone. */
                least: number;
            };
            bm25?: components["schemas"]["ScoreBM25"];
        };
        /**
         * @description The arithmetic of the BM25 score: the sum over `terms` of weight · idf · (k1 + 1) · count /
         *     (count + k1 · (1 − b + b · length / averageLength)), with k1 = 1.2 and b = 0.75. Absent if the memory has no word of the
         *     query.
         */
        ScoreBM25: {
            /** @description How many memories the frequencies count. */
            memories: number;
            /** @description Words per memory. */
            averageLength: number;
            /** @description Words of this memory. */
            length: number;
            terms: {
                /** @description Folded and stemmed. */
                term: string;
                /** @description How often this memory has it. */
                count: number;
                /** @description How many memories have it. */
                memories: number;
                idf: number;
                weight: number;
                score: number;
            }[];
        };
        RelatedPage: {
            related: components["schemas"]["Memory"][];
        };
        Kept: {
            /** Format: uuid */
            id: string;
            duplicateOf?: components["schemas"]["DuplicateOf"];
            similar?: components["schemas"]["Similar"];
            warnings?: components["schemas"]["Warnings"];
        };
        NeighborPage: {
            related: {
                /** Format: uuid */
                id: string;
                resonance: number;
            }[];
        };
        /** @description The result for one item, with the status that a request of its own would have had. */
        BatchItem: {
            status: number;
            /**
             * Format: uuid
             * @description The memory's id, if the request preferred a minimal answer.
             */
            id?: string;
            duplicateOf?: components["schemas"]["DuplicateOf"];
            similar?: components["schemas"]["Similar"];
            warnings?: components["schemas"]["Warnings"];
            memory?: components["schemas"]["Memory"];
            problem?: components["schemas"]["Problem"];
        };
        BatchPage: {
            results: components["schemas"]["BatchItems"];
        };
        /** @description In the order of the request. */
        BatchItems: components["schemas"]["BatchItem"][];
        ExportedMemories: components["schemas"]["ExportedMemory"][];
        /** @description A memory as an export has it. A request may also have the member `sigil` of its line in a file, which is `memory` or `version`. */
        ExportedMemory: {
            /** @enum {string} */
            sigil?: "memory" | "version";
            /** @description A UUID version 7, of the millisecond of `createdAt`. */
            id: components["schemas"]["ID"];
            /** @description That of the request. */
            tenant: components["schemas"]["Tenant"];
            createdAt: components["schemas"]["Time"];
            lastAccessed: components["schemas"]["Time"];
            /** @description The number of recalls so far. */
            accessCount: number;
            /**
             * Format: date-time
             * @description The deadline. Null means never.
             */
            fadesAt: string | null;
            /**
             * @description The hard end, as a duration after `createdAt`. Null means no ttl.
             * @example 7d
             * @example 36h
             */
            ttl: string | null;
            /** @description For how long the clock of the tenant has stood still since `lastAccessed`. It is left out if it has not. */
            stoodSeconds?: number;
            /** @description Whether the policy is the memory's own, which it keeps. It is left out if not. */
            ownPolicy?: boolean;
            /** @description How many times as slowly as its policy says the memory decays. It is left out if the memory has none. */
            stretch?: number;
            pinned: boolean;
            crystallized: boolean;
            /**
             * @description How the memory fades.
             * @example classic rate=0.001 period=5s threshold=0.95
             * @example halflife h=7d threshold=0.95
             */
            policy: string;
            /** @description SHA-256 of the canonical form (RFC 8785) of data. */
            hash: string;
            frequency: components["schemas"]["Frequency"];
            potential: components["schemas"]["Unit"];
            state: components["schemas"]["State"];
            tags: string[];
            /** @description The vector that the caller gave, in compact form. Only its direction counts. It is left out if there is none. */
            vector?: number[];
            /** @description The memory that superseded this one. It is set, with `supersededAt`, of former versions only. */
            supersededBy?: components["schemas"]["ID"];
            supersededAt?: components["schemas"]["Time"];
            data: components["schemas"]["Data"];
        };
        ExportPage: {
            memories: components["schemas"]["ExportedMemory"][];
            /** @description In an export of versions, how many were passed over up to the end of the page. It is left out if none were. */
            leftOut?: number;
            /** @description The cursor of the next page; null on the last. */
            next: string | null;
        };
        ImportPage: {
            results: components["schemas"]["ImportItems"];
        };
        /** @description In the order of the request. */
        ImportItems: components["schemas"]["ImportItem"][];
        /** @description The result for one memory. */
        ImportItem: {
            /** @description 201 for a memory that was inserted, 200 for one that was not, or that of the problem. */
            status: number;
            /**
             * @description `same`: it is there already. `faded`: its deadline has passed. `superseded`: it was superseded here since. `detached`: it is a former version, and the memory that superseded it is not here.
             * @enum {string}
             */
            outcome?: "inserted" | "same" | "faded" | "superseded" | "detached";
            problem?: components["schemas"]["Problem"];
        };
        TenantList: {
            /** @description In order. */
            tenants: components["schemas"]["Tenant"][];
            /** @description The id of the store. */
            store: components["schemas"]["ID"];
            /** @description That of the store's newest journal entry. */
            position: number | bigint;
        };
        /** @description It has `ids`, or both `from` and `to`. */
        Restore: {
            ids?: components["schemas"]["ID"][];
            /** @description A position of the journal. The span begins after it. */
            from?: number;
            /** @description The position of the last entry of the span, not less than `from`. The span may end after the newest entry. */
            to?: number;
        };
        /** @description It has exactly one of `ids`, `tags`, `query` and `all`. */
        Erase: {
            /** @description These. If one of them is no id, nothing is erased. */
            ids?: components["schemas"]["ID"][];
            /** @description Those that have all of these tags, removed ones, too. */
            tags?: string[];
            /**
             * @description Live memories that match a query by their words, as `q` of a list.
             * @example green tea
             * @example "green tea" -milk
             */
            query?: string;
            /**
             * @description All of the tenant, removed ones, too. Signatures of source files are no memories, and stay.
             * @constant
             */
            all?: true;
            /**
             * @description Only count.
             * @default false
             */
            dryRun: boolean;
            /**
             * @description The caller or the reason, for the receipt. One line of at most 256 bytes.
             * @example ticket 1234
             */
            by?: string;
        };
        EraseCounts: {
            /** @description Those that were live, or past their deadlines. */
            memories: number;
            /** @description Those that had been removed, and could have been restored. */
            removed: number;
            /** @description Of the data of both. */
            bytes: number;
            /** @description Journal entries about them that were replaced by their hashes. A dry run does not count them. */
            entries: number;
            /** @description Answers kept for idempotency keys that were dropped. A dry run does not count them. */
            answers: number;
        };
        Erased: {
            dryRun: boolean;
            counts: components["schemas"]["EraseCounts"];
            receipt?: components["schemas"]["Receipt"];
        };
        /**
         * @description What was erased, without its content, signed by the store. The signature covers all other members in canonical form (RFC 8785), so order and
         *     white space may change.
         */
        Receipt: {
            /**
             * @description The form of the receipt.
             * @constant
             */
            receipt: "sigil erasure 1";
            store: components["schemas"]["ID"];
            tenant: string;
            /** Format: date-time */
            at: string;
            /** @description What the request said. */
            by: string;
            /**
             * @description How the memories were chosen.
             * @enum {string}
             */
            request: "ids" | "tags" | "search" | "tenant";
            /** @description The SHA-256 of the canonical form of the request with only the member that chooses, such as `{"tags":["person:ada"]}`. */
            requestHash: string;
            counts: components["schemas"]["EraseCounts"];
            /** @description The SHA-256 of the ids of all that was erased, in ascending order, with a newline after each. */
            ids: string;
            /** @description That of the newest journal entry of the erasure, as text; "0" if nothing was erased. */
            position: string;
            /** @description The journal's link at that position, which depends on all entries up to there; "" if nothing was erased. */
            link: string;
            /** @description A sentence for each place where the bytes may still be, since the store does not reach it; if not all was found, also of what was gone before. */
            remains: string[];
            /** @description The public key of the store, in base64. */
            key: string;
            /** @description Ed25519, in base64. */
            signature: string;
        };
        ReceiptKey: {
            store: components["schemas"]["ID"];
            /** @description An Ed25519 public key, 32 bytes in base64. */
            key: string;
        };
        /** @description The result for one memory, with the status that a request of its own would have had. */
        RestoredItem: {
            status: number;
            /**
             * Format: uuid
             * @description The memory's id; absent if what was sent is no id.
             */
            id?: string;
            memory?: components["schemas"]["Memory"];
            problem?: components["schemas"]["Problem"];
        };
        RestoredPage: {
            /** @description How many were restored. */
            restored: number;
            /** @description In the order of the request's ids, or of the journal. */
            results: components["schemas"]["RestoredItem"][];
            /** @description Only for a span, the position up to which it was read. Less than `to` if there is more. */
            next?: number | bigint;
        };
        /** @description A memory of a chain of corrections. If it is superseded, it is as it was then, with its decay at that time. */
        Version: {
            memory: components["schemas"]["Memory"];
            /** @description When it was superseded; null for the newest version, which is live. */
            supersededAt: components["schemas"]["Time"] | null;
            /** @description The memory that superseded it, or null. */
            supersededBy: components["schemas"]["ID"] | null;
        };
        VersionPage: {
            versions: components["schemas"]["Version"][];
            next: components["schemas"]["Next"];
        };
        RemovedPage: {
            removed: components["schemas"]["Removed"][];
            next: components["schemas"]["Next"];
        };
        /** @description A memory that was removed and can be restored, as it was before, with its decay at the time of the removal. */
        Removed: {
            memory: components["schemas"]["Memory"];
            removedAt: components["schemas"]["Time"];
            /** @enum {string} */
            kind: "forgotten" | "faded" | "evicted";
            /**
             * @description As in the journal.
             * @enum {string}
             */
            reason: "request" | "decay" | "ttl" | "memories" | "bytes";
            /** @description The position of the journal's entry. */
            position: number | bigint;
            /** @description The time from which on it cannot be restored any more. It may be dropped earlier, if the tenant has too many. */
            until: components["schemas"]["Time"];
        };
        /** @enum {string} */
        CrystalKind: "memory" | "pattern";
        Crystal: {
            id: string;
            tenant: components["schemas"]["Tenant"];
            kind: components["schemas"]["CrystalKind"];
            /** @description The memory that crystallized; absent for a pattern. */
            memory?: components["schemas"]["ID"];
            pattern: components["schemas"]["Group"];
            /** @description The number of the pattern's live memories at the last sweep; 1 for a memory. */
            members: number;
            createdAt: components["schemas"]["Time"];
            updatedAt: components["schemas"]["Time"];
            /** @description The memory's potential, or the mean of the members' potentials. */
            stabilityScore: components["schemas"]["Unit"];
            frequency: components["schemas"]["Frequency"];
            lattice?: components["schemas"]["Lattice"];
        };
        /** @description The shape of a crystallized memory, a pure function of its state. */
        Lattice: {
            resonanceField: number;
            nodes: {
                id: number;
                x: number;
                y: number;
                z: number;
                resonance: number;
                weight: number;
            }[];
            connections: {
                from: number;
                to: number;
                strength: number;
                resonance: number;
            }[];
        };
        CrystalPage: {
            crystals: components["schemas"]["Crystal"][];
            next: components["schemas"]["Next"];
        };
        PatternList: {
            patterns: {
                pattern: components["schemas"]["Group"];
                members: number;
                /** @description The mean of the members' potentials. */
                potential: components["schemas"]["Unit"];
                /** @description The mean of the members' frequencies. */
                frequency: components["schemas"]["Frequency"];
                crystallizes: boolean;
            }[];
        };
        Identity: {
            /** @constant */
            service: "sigil";
            store: components["schemas"]["ID"];
            /** @description As `store` at first, and another one each time that the store was restored from an older copy. */
            epoch: components["schemas"]["ID"];
            driver: string;
            tenant: components["schemas"]["Tenant"];
            hash: string;
            frequency: components["schemas"]["Frequency"];
            pattern: components["schemas"]["Group"];
            spiral: components["schemas"]["Spiral"];
            createdAt: components["schemas"]["Time"];
            startedAt: components["schemas"]["Time"];
            uptimeSeconds: number;
            memories: number;
            crystals: number;
        };
        Stats: {
            tenant: components["schemas"]["Tenant"];
            memories: number;
            /** @description The size of all data. */
            bytes: number;
            pinned: number;
            crystallized: number;
            patterns: number;
            /** @description The number of crystals of memories and of patterns. */
            crystals: number;
            averageDecay: components["schemas"]["Unit"];
            /**
             * Format: date-time
             * @description The earliest deadline. Null means that no memory fades.
             */
            nextFade: string | null;
            /**
             * @description The memories that fade (neither pinned nor crystallized), counted by their policies, the most frequent first.
             *     A memory keeps the policy under which it was last touched.
             */
            policies: {
                policy: string;
                /** @description How long memories with this policy live untouched. Null means forever. */
                lifetimeSeconds: number | null;
                count: number;
            }[];
            /** @description The policy that encodes and recalls set. */
            policy: string;
            /** @description How long a memory with this policy lives untouched. Null means forever. */
            lifetimeSeconds: number | null;
            uptimeSeconds: number;
            /** @description The position of the store's newest journal entry. */
            position: number | bigint;
        };
        /** @enum {string} */
        Job: "decay" | "crystallize";
        BackupDraft: {
            /** @description The name of the backup, which must not end in .tmp; the default is the time. */
            name?: string;
        };
        BackupList: {
            backups: components["schemas"]["Backup"][];
        };
        Backup: {
            name: string;
            /**
             * Format: uuid
             * @description The store that was copied.
             */
            store: string;
            /** @description The version of the store's format. */
            format: number;
            createdAt: components["schemas"]["Time"];
            /** @description The position of the newest journal entry in it. */
            position: number | bigint;
            /** @description The size of all files. Those that backups have in common take space once. */
            bytes: number;
            /** @description Whether its files were read back and its database opened when it was made. */
            verified: boolean;
            /** @description Why its manifest cannot be read. Then only the name is known. */
            problem?: string;
            /** @description Its files; lists leave them out. */
            files?: {
                name: string;
                size: number;
                sha256: string;
            }[];
        };
        Embeddings: {
            /**
             * @description Whether all memories have vectors.
             * @enum {string}
             */
            meaning: "building" | "ready";
            /** @description What makes the vectors. It is missing until an endpoint has answered. */
            model?: string;
            memories: number;
            /** @description The number of memories that have a vector, or whose texts have none. */
            vectors: number;
            /** @description The service that answers does not have missing vectors made. */
            stopped: boolean;
        };
        Clock: {
            /** @description Whether there was something to confirm. */
            confirmed: boolean;
            /** @description How far time is ahead of the clock, which was set back. Time runs at half its pace until they agree. */
            aheadSeconds: number;
        };
        Sweep: {
            job: components["schemas"]["Job"];
            startedAt: components["schemas"]["Time"];
            durationSeconds: number;
            /** @description The number of memories that a decay sweep released, by reason. */
            released?: {
                [key: string]: number;
            };
            /** @description The number of patterns that a crystallize sweep looked at. */
            patterns?: number;
            /** @description The number of new crystals. */
            created?: number;
            /** @description The number of changed crystals. */
            updated?: number;
        };
        /**
         * @description What happened. `fading` is a notice before a memory fades (`--notice`): nothing has changed yet, and it will fade at
         *     `arithmetic.fadesAt`, for the reason in `reason`, unless that moves.
         * @enum {string}
         */
        EventKind: "encoded" | "crystallized" | "pinned" | "unpinned" | "forgotten" | "faded" | "evicted" | "restored" | "erased" | "signed" | "revoked" | "tagged" | "corrected" | "changed" | "fading" | "policy";
        /** @description What happened, and the figures that led to it. It never has content. */
        Event: {
            position: number | bigint;
            token: components["schemas"]["Token"];
            time: components["schemas"]["Time"];
            tenant: components["schemas"]["Tenant"];
            kind: components["schemas"]["EventKind"];
            /** @enum {string} */
            reason: "request" | "decay" | "ttl" | "memories" | "bytes" | "potential" | "import";
            /** @description What an entry of kind `changed` changed, in this order. */
            changed?: ("tags" | "ttl" | "life" | "pinned")[];
            /** @description The memory, or the signature of code; absent for the crystal of a pattern and for the policy of a tenant. */
            id?: components["schemas"]["ID"];
            arithmetic?: components["schemas"]["Arithmetic"];
            crystal?: components["schemas"]["Crystal"];
            signature?: components["schemas"]["SignatureRef"];
            /** @description The memory that took the place of this one; only with the kind `corrected`. */
            supersededBy?: components["schemas"]["ID"];
            policies?: components["schemas"]["PolicyChange"];
        };
        /** @description How the policy that a tenant has of its own changed. A null is none; then it has the service's. */
        PolicyChange: {
            from: string | null;
            to: string | null;
        };
        SetPolicy: {
            policy: components["schemas"]["PolicyText"];
            /**
             * @description Only say what would be done.
             * @default false
             */
            dryRun: boolean;
        };
        /**
         * @description A policy: its name, and the figures that are not to have their defaults. `classic` has `rate` (0.001) and `period` (5s), `halflife` has `h` (7d),
         *     `power` and `fsrs` have `s` (4d) and `d` (0.5). All have `threshold` (0.95, of power and fsrs 0.6), `grace` and `floor` (0), and `active`
         *     (0, or at least 1m): once the tenant has not been used for that long, its memories stop decaying until it is used again. Their ttl goes on. Uses are
         *     requests that read or write its memories; statistics, events and policies are none. The policy of one memory cannot have `active`.
         * @example halflife h=7d threshold=0.95
         * @example power s=4d d=0.5 threshold=0.6
         * @example classic
         * @example halflife active=3d
         */
        PolicyText: string;
        /**
         * @description The memory's own policy, which it keeps whatever the policies of the tenant and of the service, in the form of PUT /v1/policy.
         * @example halflife h=30d
         * @example power s=4d d=0.5 threshold=0.6
         */
        DraftPolicy: string;
        /** @description The policy that a tenant's memories get at each encode, recall and unpin. */
        TenantPolicy: {
            tenant: components["schemas"]["Tenant"];
            policy: components["schemas"]["PolicyText"];
            /** @description Whether it is the tenant's own, and not the service's. */
            own: boolean;
            /**
             * @description How long a memory lives untouched, as a duration; null if none fades.
             * @example 30d6h
             */
            lifetime: string | null;
            lifetimeSeconds: number | null;
            /**
             * Format: date-time
             * @description When the tenant got the policy, or lost its own; null if that is not known.
             */
            since: string | null;
            /** @description Whether memories that have another policy are being brought under it. */
            restamping: boolean;
            effect?: components["schemas"]["PolicyEffect"];
        };
        /**
         * @description What a policy would do to the tenant's memories if none was recalled. It is in the answer to a dry run, whose `policy` is the one that was tried.
         *     `fading` is what would fade under it, and `present` what fades under the policies that the memories have.
         */
        PolicyEffect: {
            /** @description All memories of the tenant. */
            memories: number;
            /** @description Those that would get another policy. */
            moved: number;
            fading: components["schemas"]["PolicyFading"];
            present: components["schemas"]["PolicyFading"];
        };
        /** @description Memories that fade at the next sweep, within a day and within a week, each including the ones before. */
        PolicyFading: {
            now: number;
            day: number;
            week: number;
        };
        /** @example 1c04d2d642c188a78fd6cd1151fe811c755a673d2ffc61f7f81a3def42b16254 */
        SHA256: string;
        /** @example 6C5DEFA2EB2F5058 */
        KeyID: string;
        /**
         * @description As minisign writes it.
         * @example RWRYUC/rou9dbEltREvNe6GViJA0Vlyq90im4SH/ku2ATpuRxsW7eOY9
         */
        PublicKey: string;
        /**
         * @description A registered signature of a source file. `header` or `detached`, with `publicKey` and `size`, prove what the members
         *     before them say.
         */
        CodeSignature: {
            /** @description Made by the signer. */
            id: components["schemas"]["ID"];
            tenant: components["schemas"]["Tenant"];
            /** @description Of the body, the file without its header. */
            sha256: components["schemas"]["SHA256"];
            /** @description Bytes of the body. */
            size: number;
            /** @description The path of the file as it was signed. */
            name: string;
            state: components["schemas"]["State"];
            frequency: number;
            /** @description The id of the key. */
            signer: components["schemas"]["KeyID"];
            /** @description By the signer's clock. */
            signedAt: components["schemas"]["Time"];
            publicKey: components["schemas"]["PublicKey"];
            /** @description The header in the file, without the blank line after it. */
            header?: string;
            /** @description The content of the detached signature file. */
            detached?: string;
            /** @description The checksums of the body's pieces, by which a change is located. Of a header, they are not signed. */
            blocks?: string;
            registeredAt: components["schemas"]["Time"];
            /**
             * Format: date-time
             * @description null unless it is revoked.
             */
            revokedAt: string | null;
            /** @description Why it was revoked, if that was said. */
            reason?: string;
        };
        CodePage: {
            signatures: components["schemas"]["CodeSignature"][];
            /** @description The cursor of the next page; null on the last. */
            next: string | null;
        };
        CodeRevoked: {
            signatures: components["schemas"]["CodeSignature"][];
        };
        /** @description Either `content`, or `sha256` with `size`. */
        CodeSign: {
            /** @description A relative path with slashes, of at most 1,024 bytes. */
            name: string;
            /** @description The whole file, in base64. */
            content?: string;
            sha256?: components["schemas"]["SHA256"];
            size?: number;
            /** @description Without keys of its own. */
            state?: components["schemas"]["State"];
            /** @description A detached signature, though the file can carry a header. The default is false. */
            detached?: boolean;
        };
        CodeSigned: {
            signature: components["schemas"]["CodeSignature"];
            /** @description The file with its header, in base64; not there if the signature is detached or no content was sent. */
            content?: string;
        };
        /** @description Either `header` with `size`, or `detached`. */
        CodeRegister: {
            publicKey: components["schemas"]["PublicKey"];
            header?: string;
            /** @description Bytes of the body. */
            size?: number;
            detached?: string;
            blocks?: string;
        };
        /** @description Either `content`, with `detached` if it has no header, or `sha256` with `header` or `detached`. */
        CodeVerify: {
            /** @description The path of the file. If it is not there, the name is not compared, and a header decides which language it is in. */
            name?: string;
            /** @description The whole file, in base64. */
            content?: string;
            sha256?: components["schemas"]["SHA256"];
            /** @description Bytes of the body; by default those of the registered signature. */
            size?: number;
            header?: string;
            detached?: string;
            /** @description Keys that are trusted for this answer alone. */
            publicKeys?: components["schemas"]["PublicKey"][];
        };
        CodeVerdict: {
            /**
             * @description Only `authentic` means that the file is as a trusted signer left it.
             * @enum {string}
             */
            verdict: "authentic" | "tampered" | "unsigned" | "unknown key" | "revoked" | "expired";
            /**
             * @description What a tampered file differs in.
             * @enum {string}
             */
            what?: "body" | "header" | "name";
            detail?: string;
            /**
             * @description Whose trust in the key it was; not there unless the key made the signature.
             * @enum {string}
             */
            trusted?: "daemon" | "request";
            differs?: components["schemas"]["CodeRange"];
            /**
             * @description What the file or the request says it is; null if there is nothing that can be read. It is to be believed only if the verdict is
             *     `authentic`, `revoked` or `expired`.
             */
            signature: components["schemas"]["SignatureRef"] | null;
            /** @description That signature as it is registered; null if it is not. */
            registered: components["schemas"]["CodeSignature"] | null;
        };
        /** @description Bytes of the body, from `from` up to, but without, `to`. */
        CodeRange: {
            from: number;
            to: number;
        };
        /** @description A signature of code, as `signed` and `revoked` entries name it. */
        SignatureRef: {
            id: components["schemas"]["ID"];
            /** @description Of the signed body. */
            sha256: components["schemas"]["SHA256"];
            /** @description The id of the key. */
            signer: components["schemas"]["KeyID"];
        };
        /** @description The memory's figures before a removal, or after any other change. */
        Arithmetic: {
            createdAt: components["schemas"]["Time"];
            lastAccessed: components["schemas"]["Time"];
            idleSeconds: number;
            /**
             * @description For how long the clock of the tenant has stood still since `lastAccessed`, because the tenant was not used: see `active` in the policy. That is no
             *     idleness, and `fadesAt` is so much later. It is left out if the clock has not stood still.
             * @example 5097600
             */
            stoodSeconds?: number;
            policy: string;
            decay: components["schemas"]["Unit"];
            /** @description The decay at which the memory fades. */
            threshold: components["schemas"]["Unit"];
            /** Format: date-time */
            fadesAt: string | null;
            /** @description The ttl in the form of a memory's `ttl`. */
            ttl: string | null;
            /** @description The life in the form of a memory's `life`, only if it is not as the policy says. */
            life?: string;
            potential: components["schemas"]["Unit"];
            accessCount: number;
            pinned: boolean;
            crystallized: boolean;
            /** @description The length of data in bytes. */
            size: number;
        };
        /**
         * @description Why a memory is alive or gone. If it is gone, the figures are from its last journal entry, at the time of
         *     that entry.
         */
        Explanation: {
            id: components["schemas"]["ID"];
            live: boolean;
            /** @description The memory without content; null if it is gone. */
            memory: components["schemas"]["Memory"] | null;
            lastEvent: components["schemas"]["Event"] | null;
            policy: string;
            threshold: components["schemas"]["Unit"];
            idleSeconds: number;
            decay: components["schemas"]["Unit"];
            /** @description How long the memory lives untouched; null if decay does not end it. */
            lifetimeSeconds: number | null;
            /** Format: date-time */
            fadesAt: string | null;
            /** @description Seconds until the memory fades. Null means that it is gone or does not fade. */
            secondsLeft: number | null;
            formula: string;
            /** @description The formula with the figures filled in. */
            worked: string;
            /** @description A sentence for people. */
            reason: string;
            /** @description The memory's journal entries, oldest first. Recalls are not journaled. */
            history: components["schemas"]["Event"][];
            /** @description Whether the journal goes back to the memory's encode, and was read to its end. */
            historyComplete: boolean;
        };
        Forecast: {
            from: components["schemas"]["Time"];
            until: components["schemas"]["Time"];
            /** @description The proposed policy. Null means each memory's own. */
            policy: string | null;
            lifetimeSeconds: number | null;
            /** @description The number of memories that fade if every memory had had the proposed policy since it was last touched. */
            fading: number;
            /**
             * @description The number of memories that fade if each keeps its policy. As many fade after a daemon starts with the
             *     proposed policy if none is recalled: a memory gets a new policy only with its next recall.
             */
            fadingByOwnPolicy: number;
            bytes: number;
            /** @description The most frequent first. */
            patterns: {
                pattern: components["schemas"]["Group"];
                count: number;
            }[];
            /** @description The most frequent first, at most 100. */
            tags: {
                tag: string;
                count: number;
            }[];
            /** @description Equal parts of the span. Under a proposed policy, the first also counts the memories that would be gone at once. */
            bins: {
                from: components["schemas"]["Time"];
                until: components["schemas"]["Time"];
                count: number;
            }[];
            /** @description The memories that fade first, soonest first, without content. Their `fadesAt` is the forecast's. */
            memories: components["schemas"]["Memory"][];
        };
        /**
         * @description What a client sends on a live connection: `encode` needs `sigil`, `recall`, `forget` and `restore` need
         *     `memory`, `correct` needs both, `change` needs `memory` and `change`, `subscribe` may have `after` and `recalls`.
         */
        LiveRequest: {
            /** @description A string or number, at most 64 bytes. */
            id: string | number;
            /** @enum {string} */
            op: "encode" | "recall" | "forget" | "restore" | "correct" | "change" | "subscribe" | "unsubscribe";
            sigil?: components["schemas"]["Draft"];
            idempotencyKey?: string;
            memory?: components["schemas"]["ID"];
            change?: components["schemas"]["Change"];
            /** @description The position to subscribe after, as a number, or its token. */
            after?: (number | bigint) | string;
            /** @description Whether the subscription includes recalls. */
            recalls?: boolean;
        };
        /**
         * @description What the daemon sends on a live connection. `answer` has the request's id, a status, and the result;
         *     `events` has journal entries; `recalled` has the members of `Recalls`; `lagged` has the reader's position and
         *     the newest one; `ended` has a problem.
         */
        LiveMessage: {
            /** @enum {string} */
            type: "answer" | "events" | "recalled" | "lagged" | "ended";
            id?: string | number;
            status?: number;
            memory?: components["schemas"]["Memory"];
            problem?: components["schemas"]["Problem"];
            /** @description With the answer to a `forget`: the time from which on the memory cannot be restored any more. */
            restorableUntil?: components["schemas"]["Time"];
            after?: number | bigint;
            /** @description With the answer to a `subscribe`: the token of `after`. */
            token?: components["schemas"]["Token"];
            newest?: number | bigint;
            events?: components["schemas"]["Event"][];
            memories?: components["schemas"]["Recalls"]["memories"];
            more?: components["schemas"]["Recalls"]["more"];
        };
        /**
         * @description Memories that were recalled since the previous message, in any way, through this daemon or another on the
         *     same database. Each is listed once, in the state after its last recall. A reader that is disconnected or too
         *     slow misses some.
         */
        Recalls: {
            /** @description At most 1,000 memories. */
            memories: {
                id: components["schemas"]["ID"];
                lastAccessed: components["schemas"]["Time"];
                accessCount: number;
                /**
                 * Format: date-time
                 * @description The time of its deadline. Null means never.
                 */
                fadesAt: string | null;
                policy: string;
            }[];
            /** @description Whether further memories were recalled, which the message does not list. */
            more: boolean;
        };
        EventPage: {
            events: components["schemas"]["Event"][];
            /** @description The position to continue after. */
            next: number | bigint;
            /** @description The token of `next`, to continue after. */
            token: components["schemas"]["Token"];
        };
        Health: {
            /** @constant */
            status: "ok";
            version: string;
        };
        Readiness: {
            /** @constant */
            status: "ok";
            version: string;
            /**
             * @description Present for a while after a start, while searches are incomplete, since what they look in is still built.
             * @constant
             */
            search?: "building";
            /** @description The problem with the clock of the machine or the database; absent if there is none. */
            clock?: {
                /**
                 * @description `held`: the clock is not confirmed yet, and nothing is swept. It has jumped by `seconds`, and time continues
                 *     without the jump; or after a start it may be ahead by `seconds`, since the newest journal entry is that old, which is longer
                 *     than memories can be restored, or behind, since that entry is in the future. `ahead`: time is `seconds` ahead of the clock, which was set back, and runs at half
                 *     its pace until the clock has caught up.
                 * @enum {unknown}
                 */
                state: "held" | "ahead";
                seconds: number;
                /** @description If `held`, for how many seconds the clock must go on as it does to be confirmed. */
                confirmedIn?: number;
            };
        };
        /**
         * @description An error in the form of RFC 9457. `code` is stable and meant for programs; codes may be added. `x-codes` at
         *     the end of this document lists them.
         */
        Problem: {
            /**
             * Format: uri-reference
             * @description The address at which /docs explains the code, or "about:blank".
             */
            type: string;
            title: string;
            status: number;
            detail?: string;
            code: string;
            /**
             * @description The path of the part of the request that is wrong: "state.phi", "data/a/0", "ids/3", a query
             *     parameter, a header, or "body".
             */
            field?: string;
            /** @description With `position_gone`: the position after which the journal is complete. */
            oldest?: number | bigint;
            /** @description With `position_ahead`: the position of the journal's newest entry, 0 if it has none. */
            newest?: number | bigint;
            /**
             * Format: uuid
             * @description With `duplicate`: the memory that has the content.
             */
            duplicateOf?: string;
            /**
             * Format: uuid
             * @description With `superseded`: the memory that took the place of the one asked for.
             */
            supersededBy?: string;
            /** @description The request's id, which is also in the header X-Request-Id and in the service's log. */
            requestId?: string;
        };
        OldDraft: {
            data: components["schemas"]["Data"];
            consciousnessState?: components["schemas"]["State"];
            /** @description Accepted and dropped. */
            metadata?: {
                [key: string]: unknown;
            };
        };
        OldSigil: {
            id: components["schemas"]["ID"];
            data: components["schemas"]["Data"];
            consciousnessState: components["schemas"]["State"];
            resonanceFrequency: components["schemas"]["Frequency"];
            memoryPattern: components["schemas"]["Spiral"];
            crystallizationPotential: components["schemas"]["Unit"];
            timestamp: components["schemas"]["Time"];
            accessCount: number;
            lastAccessed: components["schemas"]["Time"];
            decay: components["schemas"]["Unit"];
        };
        OldEncoded: {
            /** @constant */
            success: true;
            sigil: components["schemas"]["OldSigil"];
            metadata: {
                tenantId: components["schemas"]["Tenant"];
                encodedAt: components["schemas"]["Time"];
            };
        };
        OldPage: {
            sigils: components["schemas"]["OldSigil"][];
            /** @description The number of the tenant's memories on all pages. */
            total: number;
            tenantId: components["schemas"]["Tenant"];
            pagination: {
                limit: number;
                cursor: components["schemas"]["Next"];
                hasMore: boolean;
            };
        };
        OldError: {
            /** @description The field, if there is one, and what is wrong with it. */
            error: string;
            code: string;
        };
    };
    responses: {
        /** @description The memory */
        Memory: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Memory"];
            };
        };
        /** @description The process is alive */
        Healthy: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Health"];
            };
        };
        /** @description The service can take requests */
        Ready: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Readiness"];
            };
        };
        /** @description A page without scripts */
        Page: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "text/html": string;
            };
        };
        /** @description A page of hits, best first */
        Hits: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["SearchPage"];
            };
        };
        /**
         * @description The request is invalid, and nothing was stored: `invalid_json`, `invalid_body`, `incomplete_body`,
         *     `invalid_utf8`, `lone_surrogate`, `duplicate_key`, `number_out_of_range`, `too_deep`,
         *     `missing_field`, `unknown_field`, `invalid_state`, `invalid_ttl`, `invalid_life`, `invalid_pinned`, `immutable_field`, `invalid_on_duplicate`,
         *     `invalid_similar`,
         *     `invalid_tags`, `invalid_tag`, `invalid_ids`, `invalid_id`, `invalid_cursor`, `invalid_limit`,
         *     `invalid_sort`, `invalid_pattern`, `invalid_kind`, `invalid_min`, `invalid_max_bytes`, `invalid_weights`, `invalid_vector`, `invalid_like`,
         *     `invalid_parameter`,
         *     `invalid_erase`, `invalid_query`,
         *     `unknown_parameter`, `duplicate_parameter`, `invalid_tenant`, `invalid_idempotency_key`, `invalid_within`,
         *     `invalid_bins`, `invalid_span`, `invalid_policy`, `invalid_handshake`, `invalid_name`, `invalid_content`, `invalid_hash`, `invalid_size`,
         *     `invalid_blocks`, `invalid_key`, `invalid_signature`, `invalid_reason`, `detached_only`,
         *     `invalid_request_id`, `invalid_op`, `invalid_figure`, `invalid`
         */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Either the journal no longer goes back that far, `position_gone` (or `gone`): `oldest` is the position to
         *     continue after, and the reader has missed the entries in between. Or the journal has not reached that position,
         *     or has another entry there than the reader's token names, `position_ahead`: the store was restored from an older copy, and `newest` is its last position. What the reader
         *     saw after that is gone; it should load the memories again and continue after `newest`.
         */
        Gone: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The memory was corrected, and another has taken its place, which `supersededBy` names: `superseded` */
        Superseded: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description This path is a WebSocket: `upgrade_required` */
        UpgradeRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A page in a browser may not do this: `forbidden_host`, `cross_origin`; or the service has no key to sign with: `signing_off` */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such memory or signature, none that can be restored, or no such path: `not_found`, `not_restorable`, `unknown_path` */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The tenant's policy, or the one that was tried */
        TenantPolicy: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["TenantPolicy"];
            };
        };
        /** @description How many memories have vectors */
        Embeddings: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "meaning": "building",
                 *       "model": "endpoint/768/nomic-embed-text",
                 *       "memories": 2000,
                 *       "vectors": 1200,
                 *       "stopped": false
                 *     }
                 */
                "application/json": components["schemas"]["Embeddings"];
            };
        };
        /** @description The memories were erased, or counted */
        Erased: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Erased"];
            };
        };
        /**
         * @description The request contradicts what exists or is in progress, and nothing was stored: `idempotency_in_flight`,
         *     `duplicate`, `quota_full`, `signatures_full`, `policies_full`, `exists`, `signature_exists`, `backup_exists`, `not_removed`, `superseded`, `conflict`; or the service does not search,
         *     restore or make backups: `search_off`, `meaning_off`, `undo_off`, `backup_off`, `use_pg_basebackup`
         */
        Conflict: {
            headers: {
                /** @description With `idempotency_in_flight`: seconds to wait before trying again */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The request is over a limit, and nothing was stored: `body_too_large`, `data_too_large`,
         *     `state_too_large`, `too_many_tags`, `batch_too_large`, `answer_full`, `statement_too_large`, `too_large`
         */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The content type is not one of those listed here, or the body is compressed: `unsupported_media_type` */
        UnsupportedMediaType: {
            headers: {
                /** @description The content types that are accepted */
                Accept?: string;
                /** @description `identity`, if the body was compressed */
                "Accept-Encoding"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The key was used before with another request: `idempotency_mismatch` */
        Mismatch: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service failed: `internal` */
        Internal: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service cannot do it now: `unavailable`, `search_building`, `store_failed`, `too_many_subscribers`, `too_many_streams`, `closed`, `timeout`, `busy`, `not_ready`, `stopping`, `clock_held` */
        Unavailable: {
            headers: {
                /** @description Seconds to wait before trying again */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The disk has no space, and nothing was stored: `disk_full`, `full` */
        Full: {
            headers: {
                /** @description Seconds to wait before trying again */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The memory at the time of its encode */
        OldEncoded: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OldEncoded"];
            };
        };
        /** @description A page */
        OldPage: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OldPage"];
            };
        };
        /** @description An error, with the status and code that it has under /v1 */
        OldError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OldError"];
            };
        };
    };
    parameters: {
        /**
         * @description The tenant whose memories these are.
         * @example public
         */
        Tenant: components["schemas"]["Tenant"];
        /**
         * @description The memory's id.
         * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
         */
        ID: components["schemas"]["ID"];
        /**
         * @description Makes a repeated request get the answer of the first. At most 255 printable ASCII characters.
         * @example order-4711
         */
        IdempotencyKey: string;
        /**
         * @description Makes a repeated request get the answer of the first. At most 247 printable ASCII characters.
         * @example orders-4711
         */
        BatchIdempotencyKey: string;
        /**
         * @description The maximum number of entries.
         * @example 10
         */
        Limit: number;
        /** @description Continue where a page ended, with its `next`. */
        Cursor: string;
        /**
         * @description Only memories with this tag, which is compared byte by byte. It may be given more than once, as in
         *     `tag=household&tag=tea`: then only memories that have all of them.
         * @example [
         *       "household"
         *     ]
         */
        Tag: components["schemas"]["DraftTags"];
    };
    requestBodies: {
        OldDraft: {
            content: {
                "application/json": components["schemas"]["OldDraft"];
            };
        };
    };
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description The order: `created`, newest first; `fades`, the soonest deadline first, and what never fades last;
                 *     `recalled`, most recently accessed first; `recalls`, most often recalled first. A memory that is
                 *     recalled between two pages of the last three may be on both or on neither.
                 * @example fades
                 */
                sort?: "created" | "fades" | "recalled" | "recalls";
                /**
                 * @description Only memories that did, or did not, crystallize.
                 * @example false
                 */
                crystallized?: boolean;
                /**
                 * @description Only memories that are, or are not, pinned.
                 * @example false
                 */
                pinned?: boolean;
                /**
                 * @description Only memories of this pattern.
                 * @example 64
                 */
                pattern?: components["schemas"]["Group"];
                /**
                 * @description Only memories with this tag, which is compared byte by byte. It may be given more than once, as in
                 *     `tag=household&tag=tea`: then only memories that have all of them.
                 * @example [
                 *       "household"
                 *     ]
                 */
                tag?: components["parameters"]["Tag"];
                /**
                 * @description Only memories that match this query by their words: any of its words, and all that it requires, as in a
                 *     search. The order stays that of `sort`, nothing is found by meaning, and the pages have all that match.
                 *     Refused while the index of words is being built after a start (`search_building`).
                 * @example "green tea" -sugar
                 */
                q?: string;
                /**
                 * @description Only memories whose `fadesAt` is after this time. One that never fades is not among them.
                 * @example 2026-01-01T00:00:00Z
                 */
                fadingAfter?: string;
                /**
                 * @description Only memories whose `fadesAt` is before this time.
                 * @example 2100-01-01T00:00:00Z
                 */
                fadingBefore?: string;
                /**
                 * @description Whether the memories include `data` and `state`.
                 * @example false
                 */
                content?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    encode: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description Makes a repeated request get the answer of the first. At most 255 printable ASCII characters.
                 * @example order-4711
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description `return=minimal` (RFC 7240): the answer has only the id, and confirms that with `Preference-Applied`.
                 *     Other preferences are ignored.
                 * @example return=minimal
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Draft"];
            };
        };
        responses: {
            /** @description With `onDuplicate: reinforce`: the memory that has the content, after its recall. `duplicateOf` is its own id. */
            200: {
                headers: {
                    /** @description The path of the memory */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description The memory at the time of its encode */
            201: {
                headers: {
                    /** @description The path of the memory */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Mismatch"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    encodeBatch: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description Makes a repeated request get the answer of the first. At most 247 printable ASCII characters.
                 * @example orders-4711
                 */
                "Idempotency-Key"?: components["parameters"]["BatchIdempotencyKey"];
                /**
                 * @description `return=minimal` (RFC 7240): for a memory that was kept, the result has only the id, in a tenth of the
                 *     bytes; the answer confirms that with `Preference-Applied`. Other preferences are ignored.
                 * @example return=minimal
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Drafts"];
            };
        };
        responses: {
            /** @description The result for each item */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    importMemories: {
        parameters: {
            query?: {
                /**
                 * @description Only say what would be done. The quota is not asked then.
                 * @example true
                 */
                dryRun?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExportedMemories"];
            };
        };
        responses: {
            /** @description The result for each memory */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    exportMemories: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Return former versions instead of live memories. A cursor goes on with what it is of.
                 * @example true
                 */
                superseded?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    tenants: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The names */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantList"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    recallMany: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    ids: components["schemas"]["ID"][];
                };
            };
        };
        responses: {
            /** @description The result for each id */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    searchSimply: {
        parameters: {
            query?: {
                /**
                 * @description What to search for, as `query` of the POST.
                 * @example kettle
                 */
                q?: string;
                /**
                 * @description The id of a memory. What is like it is found, and it is left out.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                like?: components["schemas"]["ID"];
                /**
                 * @description A vector of the caller's own, its numbers with commas between them.
                 * @example [
                 *       0.1,
                 *       -0.25,
                 *       0.5
                 *     ]
                 */
                vector?: components["schemas"]["Vector"];
                /**
                 * @description The maximum number of hits.
                 * @example 5
                 */
                limit?: number;
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Only memories with this tag; repeated, with all of them.
                 * @example [
                 *       "attic",
                 *       "kitchen"
                 *     ]
                 */
                tag?: components["schemas"]["SearchTags"];
                /**
                 * @description Only memories with this tag; repeated, with one of them.
                 * @example [
                 *       "attic",
                 *       "kitchen"
                 *     ]
                 */
                anyTag?: components["schemas"]["SearchTags"];
                /**
                 * @description Only memories without this tag; repeated, without all of them.
                 * @example [
                 *       "archive"
                 *     ]
                 */
                notTag?: components["schemas"]["SearchTags"];
                /**
                 * @description Only memories that did, or did not, crystallize.
                 * @example false
                 */
                crystallized?: boolean;
                /**
                 * @description Only memories that are, or are not, pinned.
                 * @example false
                 */
                pinned?: boolean;
                /**
                 * @description Only memories of this pattern.
                 * @example 64
                 */
                pattern?: components["schemas"]["Group"];
                /**
                 * @description Only memories whose `createdAt` is after this time.
                 * @example 2026-01-01T00:00:00Z
                 */
                createdAfter?: string;
                /**
                 * @description Only memories whose `createdAt` is before this time.
                 * @example 2100-01-01T00:00:00Z
                 */
                createdBefore?: string;
                /**
                 * @description Only memories whose `fadesAt` is after this time. One that never fades is not among them.
                 * @example 2026-01-01T00:00:00Z
                 */
                fadingAfter?: string;
                /**
                 * @description Only memories whose `fadesAt` is before this time.
                 * @example 2100-01-01T00:00:00Z
                 */
                fadingBefore?: string;
                /**
                 * @description Only hits with at least this score.
                 * @example 0.2
                 */
                minScore?: components["schemas"]["Score"];
                /**
                 * @description The factor of the part for words. If any weight is given, the default of this one is 0.65, or 1 if there is no search by meaning.
                 * @example 0.5
                 */
                "weights.words"?: components["schemas"]["Unit"];
                /**
                 * @description The factor of the part for meaning. If any weight is given, the default of this one is 0.35; with 0, only words find.
                 * @example 0
                 */
                "weights.meaning"?: components["schemas"]["Unit"];
                /**
                 * @description The factor of 1 − decay. The default is 0.
                 * @example 0.2
                 */
                "weights.freshness"?: components["schemas"]["Unit"];
                /**
                 * @description The factor of n / (n + 4) after n recalls. The default is 0.
                 * @example 0.1
                 */
                "weights.strength"?: components["schemas"]["Unit"];
                /**
                 * @description How many bytes of `data` the hits may have together; 0 means no bound.
                 * @example 4096
                 */
                maxBytes?: number;
                /**
                 * @description Whether hits have `matched`.
                 * @example true
                 */
                highlight?: boolean;
                /**
                 * @description Whether hits have `explanation`.
                 * @example true
                 */
                explain?: boolean;
                /**
                 * @description Whether the memories include `data` and `state`.
                 * @example false
                 */
                content?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Hits"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    search: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Search"];
            };
        };
        responses: {
            200: components["responses"]["Hits"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    peek: {
        parameters: {
            query?: {
                /**
                 * @description Whether to include its spiral pattern.
                 * @example true
                 */
                spiral?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Memory"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            410: components["responses"]["Superseded"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    forget: {
        parameters: {
            query?: {
                /**
                 * @description Erase the memory: nothing of it stays, and it cannot be restored. It may have been removed before.
                 * @example false
                 */
                erase?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Erased"];
            /** @description The memory is gone */
            204: {
                headers: {
                    /** @description The time from which on the memory cannot be restored any more. Absent while nothing can be restored (`--undo 0`). */
                    "Sigil-Restorable-Until"?: components["schemas"]["Time"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            410: components["responses"]["Superseded"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    change: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Change"];
                "application/merge-patch+json": components["schemas"]["Change"];
            };
        };
        responses: {
            200: components["responses"]["Memory"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            410: components["responses"]["Superseded"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    recall: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Memory"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            410: components["responses"]["Superseded"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    correct: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description Makes a repeated request get the answer of the first. At most 255 printable ASCII characters.
                 * @example order-4711
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Draft"];
            };
        };
        responses: {
            /** @description The memory that supersedes the old one */
            201: {
                headers: {
                    /** @description The path of the memory */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Mismatch"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    history: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Whether the memories include `data` and `state`.
                 * @example false
                 */
                content?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    restore: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Memory"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    restoreMany: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Restore"];
            };
        };
        responses: {
            /** @description A result for each memory */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoredPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            410: components["responses"]["Gone"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    erase: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Erase"];
            };
        };
        responses: {
            200: components["responses"]["Erased"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    receiptKey: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "store": "01a226a0-8a19-7000-8de3-e34f42ed3e4d",
                     *       "key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
                     *     }
                     */
                    "application/json": components["schemas"]["ReceiptKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    removed: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Whether the memories include `data` and `state`.
                 * @example false
                 */
                content?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovedPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    pin: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Memory"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            410: components["responses"]["Superseded"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    unpin: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Memory"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            410: components["responses"]["Superseded"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    related: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The minimum resonance.
                 * @example 0.5
                 */
                min?: number;
                /**
                 * @description Whether the memories include `data`, `state`, `hash` and tags.
                 * @example false
                 */
                content?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description `return=minimal` (RFC 7240): the answer has only ids and resonances, in a sixth of the bytes, and confirms
                 *     that with `Preference-Applied`. Other preferences are ignored.
                 * @example return=minimal
                 */
                Prefer?: string;
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The neighbors, each with its `resonance` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RelatedPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            410: components["responses"]["Superseded"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    explain: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The memory's id.
                 * @example 019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55
                 */
                id: components["parameters"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The explanation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    forecast: {
        parameters: {
            query?: {
                /**
                 * @description A duration, such as 90s, 36h or 7d, or a number of seconds.
                 * @example 36h
                 */
                within?: string;
                /**
                 * @description The proposed policy, in the form of a memory's `policy`; omitted figures have their
                 *     defaults. Without it, each memory's own policy applies.
                 * @example halflife h=10d
                 */
                policy?: string;
                /**
                 * @description The number of parts of the timeline.
                 * @example 24
                 */
                bins?: number;
                /**
                 * @description Only memories with this tag, which is compared byte by byte. It may be given more than once, as in
                 *     `tag=household&tag=tea`: then only memories that have all of them.
                 * @example [
                 *       "household"
                 *     ]
                 */
                tag?: components["parameters"]["Tag"];
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The forecast */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forecast"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    crystals: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Only crystals of this kind.
                 * @example memory
                 */
                kind?: components["schemas"]["CrystalKind"];
                /**
                 * @description Whether crystals of memories include their lattices.
                 * @example true
                 */
                lattice?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrystalPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    patterns: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All patterns */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PatternList"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    identity: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The identity */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Identity"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    stats: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    events: {
        parameters: {
            query?: {
                /**
                 * @description Return the entries after this position, or after the entry of this token.
                 * @example 0
                 */
                after?: components["schemas"]["Token"];
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description Whether a stream includes recalls. Pages have none.
                 * @example true
                 */
                recalls?: boolean;
                /**
                 * @description Replaces the header, for pages in a browser, which cannot set the headers of a stream.
                 * @example public
                 */
                tenant?: components["schemas"]["Tenant"];
                /**
                 * @description Return the newest entries after `after`, in order, at most `limit` of them. Not for a stream.
                 * @example false
                 */
                latest?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description For a stream: the position of the last event that was read, or its token.
                 * @example 0
                 */
                "Last-Event-ID"?: components["schemas"]["Token"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The connection is a WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A page, or a stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["Gone"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    live: {
        parameters: {
            query?: {
                /**
                 * @description Begin with a subscription after this position, or after the entry of this token.
                 * @example 0
                 */
                after?: components["schemas"]["Token"];
                /**
                 * @description Begin with a subscription that includes recalls.
                 * @example true
                 */
                recalls?: boolean;
                /**
                 * @description Replaces the header, for pages in a browser, which cannot set the headers of a WebSocket.
                 * @example public
                 */
                tenant?: components["schemas"]["Tenant"];
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The connection is a WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            410: components["responses"]["Gone"];
            426: components["responses"]["UpgradeRequired"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    codeSign: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeSign"];
            };
        };
        responses: {
            /** @description It is signed and registered */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodeSigned"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    codeVerify: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeVerify"];
            };
        };
        responses: {
            /** @description The verdict */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodeVerdict"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    codeList: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Only those by keys with this id.
                 * @example 6C5DEFA2EB2F5058
                 */
                signer?: components["schemas"]["KeyID"];
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    codeRegister: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeRegister"];
            };
        };
        responses: {
            /** @description It was registered before */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodeSignature"];
                };
            };
            /** @description It is registered */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodeSignature"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    codeLookup: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The SHA-256 of a body, the file without its header.
                 * @example 1c04d2d642c188a78fd6cd1151fe811c755a673d2ffc61f7f81a3def42b16254
                 */
                hash: components["schemas"]["SHA256"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodePage"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    codeRevoke: {
        parameters: {
            query?: {
                /**
                 * @description Only the signature with this id.
                 * @example 019c13b5-af80-7001-91fc-bd698353733d
                 */
                id?: components["schemas"]["ID"];
                /**
                 * @description Why, for people.
                 * @example the key was lost
                 */
                reason?: string;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The SHA-256 of a body, the file without its header.
                 * @example 1c04d2d642c188a78fd6cd1151fe811c755a673d2ffc61f7f81a3def42b16254
                 */
                hash: components["schemas"]["SHA256"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The signatures as they are now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CodeRevoked"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    sweep: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path: {
                /**
                 * @description The sweep to run.
                 * @example decay
                 */
                job: components["schemas"]["Job"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The result of the sweep */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sweep"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    backups: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The backups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "backups": [
                     *         {
                     *           "name": "20261130T041500.000Z",
                     *           "store": "01a226a0-8a19-7000-8de3-e34f42ed3e4d",
                     *           "format": 6,
                     *           "createdAt": "2026-11-30T04:15:00.000Z",
                     *           "position": 120,
                     *           "bytes": 70211,
                     *           "verified": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["BackupList"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    makeBackup: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["BackupDraft"];
            };
        };
        responses: {
            /** @description The backup */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "before-upgrade",
                     *       "store": "01a226a0-8a19-7000-8de3-e34f42ed3e4d",
                     *       "format": 6,
                     *       "createdAt": "2026-11-30T04:15:00.000Z",
                     *       "position": 120,
                     *       "bytes": 70211,
                     *       "verified": true,
                     *       "files": [
                     *         {
                     *           "name": "sigil.json",
                     *           "size": 112,
                     *           "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Backup"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    confirmClock: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether there was something to confirm */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "confirmed": true,
                     *       "aheadSeconds": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Clock"];
                };
            };
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    embeddings: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Embeddings"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getPolicy: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["TenantPolicy"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    setPolicy: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetPolicy"];
            };
        };
        responses: {
            200: components["responses"]["TenantPolicy"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    unsetPolicy: {
        parameters: {
            query?: {
                /**
                 * @description Only say what would be done.
                 * @example true
                 */
                dryRun?: boolean;
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["TenantPolicy"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    rebuildEmbeddings: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Embeddings"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            507: components["responses"]["Full"];
        };
    };
    stopEmbeddings: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Embeddings"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resumeEmbeddings: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Embeddings"];
            400: components["responses"]["BadRequest"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    livez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Healthy"];
            403: components["responses"]["Forbidden"];
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Healthy"];
            403: components["responses"]["Forbidden"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Healthy"];
            403: components["responses"]["Forbidden"];
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Ready"];
            403: components["responses"]["Forbidden"];
            503: components["responses"]["Unavailable"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics in the format of Prometheus that `Accept` asks for */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                    "application/vnd.google.protobuf": unknown;
                };
            };
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            403: components["responses"]["Forbidden"];
        };
    };
    docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Page"];
            403: components["responses"]["Forbidden"];
        };
    };
    landing: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description The client's copy is current */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["Forbidden"];
        };
    };
    asset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A file of the console.
                 * @example console.js
                 */
                file: "console.js" | "console.css" | "mark.svg";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/javascript": unknown;
                    "text/css": unknown;
                    "image/svg+xml": unknown;
                };
            };
            /** @description The client's copy is current */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
        };
    };
    oldList: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["OldPage"];
            400: components["responses"]["OldError"];
            default: components["responses"]["OldError"];
        };
    };
    oldEncode: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description Makes a repeated request get the answer of the first. At most 255 printable ASCII characters.
                 * @example order-4711
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["OldDraft"];
        responses: {
            200: components["responses"]["OldEncoded"];
            400: components["responses"]["OldError"];
            default: components["responses"]["OldError"];
        };
    };
    oldListUnderSigil: {
        parameters: {
            query?: {
                /**
                 * @description The maximum number of entries.
                 * @example 10
                 */
                limit?: components["parameters"]["Limit"];
                /** @description Continue where a page ended, with its `next`. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["OldPage"];
            400: components["responses"]["OldError"];
            default: components["responses"]["OldError"];
        };
    };
    oldEncodeUnderSigil: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The tenant whose memories these are.
                 * @example public
                 */
                "Sigil-Tenant"?: components["parameters"]["Tenant"];
                /**
                 * @description Makes a repeated request get the answer of the first. At most 255 printable ASCII characters.
                 * @example order-4711
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["OldDraft"];
        responses: {
            200: components["responses"]["OldEncoded"];
            400: components["responses"]["OldError"];
            default: components["responses"]["OldError"];
        };
    };
}
