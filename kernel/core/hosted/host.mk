# The portable part of the engine for hosts: reading objects, loading, planning.
# SPDX-License-Identifier: MIT
library := core
sources := kernel/core/elf/elf.c kernel/core/cellinfo/cellinfo.c \
           kernel/core/namespace/namespace.c kernel/core/namespace/stub.c kernel/core/namespace/home.c kernel/core/namespace/check.c \
           kernel/core/loader/instruction.c kernel/core/loader/closure.c kernel/core/loader/waits.c kernel/core/loader/describe.c kernel/core/loader/place.c kernel/core/loader/resolve.c \
           kernel/core/loader/relocate.c kernel/core/loader/frames.c \
           kernel/core/plan/plan.c kernel/core/plan/outcome.c kernel/core/plan/verify.c kernel/core/plan/journal.c kernel/core/plan/compare.c \
           kernel/core/plan/closure.c kernel/core/plan/reach.c kernel/core/plan/takeover.c kernel/core/plan/couple.c kernel/core/plan/callbacks.c kernel/core/plan/lineage.c \
           kernel/core/plan/types.c kernel/core/plan/fieldmap.c kernel/core/plan/building.c kernel/core/plan/values.c kernel/core/plan/migrate.c kernel/core/plan/pinned.c kernel/core/plan/past.c kernel/core/plan/makers.c kernel/core/plan/moving.c kernel/core/plan/edges.c kernel/core/plan/points.c kernel/core/plan/elements.c kernel/core/plan/places.c kernel/core/plan/mirror.c kernel/core/plan/renew.c kernel/core/plan/withdraw.c kernel/core/plan/loss.c kernel/core/plan/folded.c kernel/core/plan/constant.c kernel/core/plan/taken.c kernel/core/plan/marks.c kernel/core/plan/forms.c kernel/core/plan/meanings.c \
           kernel/core/plan/ways.c kernel/core/plan/steps.c kernel/core/plan/states.c kernel/core/plan/turn.c \
           kernel/core/archive/cpio.c kernel/core/placement/placement.c kernel/core/adopt/adopt.c \
           kernel/mm/heap/typed.c cellmem_host.c heap_host.c hosted.c evolvable.c
