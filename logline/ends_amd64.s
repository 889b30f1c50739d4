#include "textflag.h"

// func ends64(b *byte, blocks int, out *uint32, base uint32) (n int)
//
// Each 64 bytes give a mask with a bit for each line end. The first two places of a mask are written whether there are so many
// or not, and the output only moves on by their number: the loop has no branch that depends on the text, unless lines are very
// short.
TEXT ·ends64(SB), NOSPLIT, $0-40
	MOVQ b+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ out+16(FP), DI
	MOVL base+24(FP), DX
	MOVQ DI, R8
	MOVQ $0x0a0a0a0a0a0a0a0a, AX
	VMOVQ AX, X2
	VPBROADCASTQ X2, Y2
	TESTQ CX, CX
	JZ    done

loop:
	VPCMPEQB (SI), Y2, Y0
	VPCMPEQB 32(SI), Y2, Y1
	VPMOVMSKB Y0, AX
	VPMOVMSKB Y1, BX
	SHLQ $32, BX
	ORQ  BX, AX
	POPCNTQ AX, R9

	TZCNTQ AX, R10
	ADDL DX, R10
	MOVL R10, (DI)
	BLSRQ AX, AX
	TZCNTQ AX, R10
	ADDL DX, R10
	MOVL R10, 4(DI)
	CMPQ R9, $2
	JHI  more

next:
	LEAQ (DI)(R9*4), DI
	ADDQ $64, SI
	ADDL $64, DX
	DECQ CX
	JNZ  loop

done:
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, n+32(FP)
	VZEROUPPER
	RET

more:
	LEAQ 8(DI), R11

many:
	BLSRQ AX, AX
	JZ   next
	TZCNTQ AX, R10
	ADDL DX, R10
	MOVL R10, (R11)
	ADDQ $4, R11
	JMP  many
