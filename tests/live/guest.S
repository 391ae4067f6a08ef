# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that notices a lost write: a boot sector, so that it runs within a second of any machine
# starting. For ever: take one of 256 sectors at random, read it, compare it with what was last
# written there, write the next number. Says "." on the serial port for every 64, "B" when what it
# reads is wrong, "E" when the BIOS can't read or write; then it stops.
	.code16
	.globl _start

	sector = 0x8000 # also the buffer
	serial = 0x3f8
	table = 0x1000 # segment: the number last written to each, 0 for none
	disk = 0x81    # the second one

_start:
	ljmp	$0, $1f
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	cld
	movw	$table, %ax
	movw	%ax, %fs
	movw	$0x3fc, %bx
2:	movl	$0, %fs:(%bx)
	subw	$4, %bx
	jnc	2b

next:
	imull	$1664525, random, %eax
	addl	$1013904223, %eax
	movl	%eax, random
	shrl	$16, %eax
	andl	$255, %eax
	movl	%eax, slot
	shll	$8, %eax # 128 KiB apart
	movl	%eax, lba
	movb	$0x42, %ah
	call	access
	movl	slot, %ebx
	shll	$2, %ebx
	movl	%fs:(%bx), %ecx
	testl	%ecx, %ecx
	jz	write
	cmpl	%ecx, sector
	jne	bad
	cmpl	%ecx, sector + 508
	jne	bad
	movl	lba, %eax
	cmpl	%eax, sector + 4
	jne	bad
write:
	incl	number
	movl	number, %eax
	movw	$sector, %di
	movw	$128, %cx
	rep stosl
	movl	lba, %eax
	movl	%eax, sector + 4
	movb	$0x43, %ah
	call	access
	movl	slot, %ebx
	shll	$2, %ebx
	movl	number, %eax
	movl	%eax, %fs:(%bx)
	testb	$63, %al
	jnz	next
	movb	$'.', %al
	call	say
	jmp	next

bad:	movb	$'B', %al
	jmp	stop
error:	movb	$'E', %al
stop:	call	say
3:	hlt
	jmp	3b

say:	movw	$serial, %dx
	outb	%al, %dx
	ret

access:	movw	$packet, %si
	movb	$disk, %dl
	xorb	%al, %al
	int	$0x13
	jc	error
	ret

packet:	.byte	16, 0
	.word	1, sector, 0
lba:	.long	0, 0
slot:	.long	0
number:	.long	0
random:	.long	12345
	.org	510
	.word	0xaa55
