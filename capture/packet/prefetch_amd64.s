#include "go_asm.h"
#include "textflag.h"

// func prefetch(buf *byte, list *hit, packets, hits int)
TEXT ·prefetch(SB), NOSPLIT, $0-32
	MOVQ buf+0(FP), SI
	MOVQ list+8(FP), DI
	MOVQ packets+16(FP), CX
	MOVQ hits+24(FP), DX
	TESTQ CX, CX
	JZ    behind

packet:
	MOVL hit_offset(DI), AX
	PREFETCHT0 (SI)(AX*1)
	PREFETCHT0 72(SI)(AX*1)
	ADDQ $hit__size, DI
	DECQ CX
	JNZ  packet

behind:
	IMULQ $hit__size, DX
	ADDQ  DI, DX

line:
	CMPQ DI, DX
	JAE  done
	PREFETCHT0 (DI)
	ADDQ $64, DI
	JMP  line

done:
	RET
