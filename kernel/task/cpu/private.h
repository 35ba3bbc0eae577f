/* Shared by the files of this cell: descriptor tables and stacks of one CPU. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_CPU_PRIVATE_H
#define NEURATH_TASK_CPU_PRIVATE_H

#include <task/cpu/cpu.h>

/* Interrupt stack table slots, as the descriptor table names them. */
enum cpu_ist {
    CPU_IST_NMI = 1,
    CPU_IST_DOUBLE_FAULT = 2,
    CPU_IST_MACHINE_CHECK = 3,
    CPU_IST_COUNT = 4
};

/* Fills the descriptor tables of CPU and loads them, and the GS base, on the CPU that runs this. */
void descriptors_load(unsigned cpu, struct cpu_block *block);
/* Where CPU continues when one of the table's exceptions hits. */
void descriptors_set_stack(unsigned cpu, enum cpu_ist slot, uint64_t top);

/* Lets machine checks of the CPU that runs this come as exception 18. Its stack must be set. */
void machine_check_start_cpu(void);

#endif
