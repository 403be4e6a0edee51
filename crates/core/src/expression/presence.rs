//! The meaning of `has` where a structure on the way is absent.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, SelectExpr, operators::LOGICAL_AND},
};

/// Makes `has(a.b.c)` false where `a.b` is absent: CEL only looks at the last member. Each such test becomes
/// `has(a.b) && has(a.b.c)`.
pub(super) fn of_whole_paths(node: IdedExpr) -> IdedExpr {
    let IdedExpr { id, expr } = node;
    let expr = match expr {
        Expr::Select(SelectExpr { operand, field, test: true }) => return test(id, *operand, field),
        Expr::Select(SelectExpr { operand, field, test }) => {
            Expr::Select(SelectExpr { operand: boxed(*operand), field, test })
        }
        Expr::Call(CallExpr { func_name, target, args }) => Expr::Call(CallExpr {
            func_name,
            target: target.map(|target| boxed(*target)),
            args: args.into_iter().map(of_whole_paths).collect(),
        }),
        Expr::List(mut list) => {
            list.elements = list.elements.into_iter().map(of_whole_paths).collect();
            Expr::List(list)
        }
        Expr::Comprehension(mut comprehension) => {
            comprehension.iter_range = of_whole_paths(comprehension.iter_range);
            comprehension.loop_step = of_whole_paths(comprehension.loop_step);
            Expr::Comprehension(comprehension)
        }
        other => other,
    };
    IdedExpr { id, expr }
}

fn boxed(node: IdedExpr) -> Box<IdedExpr> {
    Box::new(of_whole_paths(node))
}

fn test(id: u64, operand: IdedExpr, field: String) -> IdedExpr {
    let structure = match &operand.expr {
        Expr::Select(SelectExpr { operand, field, test: false }) => Some(test(id, (**operand).clone(), field.clone())),
        _ => None,
    };
    let own = Expr::Select(SelectExpr { operand: boxed(operand), field, test: true });
    let own = IdedExpr { id, expr: own };
    match structure {
        Some(structure) => {
            let both = CallExpr { func_name: LOGICAL_AND.to_owned(), target: None, args: vec![structure, own] };
            IdedExpr { id, expr: Expr::Call(both) }
        }
        None => own,
    }
}
